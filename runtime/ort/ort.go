// Package ort runs graphs in ONNX Runtime: the second engine, used when its shared library is found.
//
// It stands on github.com/yalue/onnxruntime_go, which nothing else in elbo imports. A binary built with CGO_ENABLED=0
// has the same API, and Open then says that it is native only.
//
// The library is looked for in this order (see Candidates): the file that ELBO_ORT_LIB names, elbo's cache folder
// (filled by Install), the copies that onnxruntime_go's own module carries, the system's.
package ort

// Version is the ONNX Runtime that Install fetches and that elbo is tested with. Older ones lack the C API that the
// binding asks for.
const Version = "1.30.0"

// Refusal is an error in ONNX Runtime's own words, in one line: why it does not take a model, or what went wrong in a run.
type Refusal string

func (r Refusal) Error() string { return string(r) }

// Config says which library to use.
type Config struct {
	// Library is the path of the shared library; "" looks in all the places of Candidates.
	Library string
	// Plain runs the nodes of a graph as they stand, without ONNX Runtime's optimisations.
	Plain bool
}

// Place is one place where the library may be.
type Place struct {
	// Origin is what the place is: ELBO_ORT_LIB, cache, module or system.
	Origin string `json:"origin"`
	// Path is the file, or the bare name that the system's loader resolves. It is "" when Problem says why there is none.
	Path string `json:"path"`
	// Problem is why the library cannot be used from here; "" when it can, or when nobody has tried.
	Problem string `json:"problem,omitempty"`
}

// Report is what Status finds.
type Report struct {
	// Places in the order in which they were tried; those behind the one that started are not tried.
	Places []Place `json:"places"`
	// Library is the place that started, Version its ONNX Runtime's version; both "" when none did.
	Library string `json:"library,omitempty"`
	Version string `json:"version,omitempty"`
	// Providers tells for each execution provider whether it starts here.
	Providers []ProviderReport `json:"providers,omitempty"`
}

// ProviderReport is one execution provider and why it does not start ("" when it does).
type ProviderReport struct {
	Name    string `json:"name"`
	Problem string `json:"problem,omitempty"`
}

// Providers are the names that Options.Provider takes, besides auto.
var Providers = []string{"cpu", "cuda", "tensorrt", "coreml", "directml", "webgpu"}
