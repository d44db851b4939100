//go:build cgo

package ort

import (
	"fmt"
	"path/filepath"
	goruntime "runtime"
	"strings"

	ortgo "github.com/yalue/onnxruntime_go"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
)

// CheckProvider says why an execution provider does not start, in ONNX Runtime's own words; the error wraps
// runtime.ErrUnavailable. The library must have been started by Open. "" and auto always start.
func CheckProvider(name string) error {
	if name == "" || name == "auto" || name == "cpu" {
		return nil
	}
	if err := probe(name); err != nil {
		return fmt.Errorf("ort: %w", err)
	}
	return nil
}

// probe compiles the smallest graph on a provider: only then does the provider look for its device.
func probe(provider string) error {
	p, err := (&engine{}).compile(doubling(), runtime.Options{Provider: provider, Threads: 1})
	if err != nil {
		return err
	}
	return p.Close()
}

// doubling is the smallest graph: y = x + x.
func doubling() *graph.Graph {
	g := graph.New("probe")
	x := g.Input("x", 1)
	g.Output("y", g.Add(x, x))
	return g
}

// sessionOptions are ONNX Runtime's settings for o, with o.Provider started; plain is Config.Plain.
func sessionOptions(o runtime.Options, plain bool) (*ortgo.SessionOptions, error) {
	s, err := ortgo.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	threads := o.Threads
	if threads <= 0 {
		threads = goruntime.GOMAXPROCS(0)
	}
	if err := s.SetIntraOpNumThreads(threads); err != nil {
		return nil, destroyed(s, err)
	}
	if plain {
		if err := s.SetGraphOptimizationLevel(ortgo.GraphOptimizationLevelDisableAll); err != nil {
			return nil, destroyed(s, err)
		}
	}
	// Threads that spin while they wait take the cores from Go's own work between two runs, and from other sessions: on
	// a busy machine of two cores a training step took 3 times as long with them.
	if err := s.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"); err != nil {
		return nil, destroyed(s, err)
	}
	if err := appendProvider(s, o.Provider); err != nil {
		return nil, destroyed(s, err)
	}
	return s, nil
}

func destroyed(s *ortgo.SessionOptions, err error) error {
	s.Destroy()
	return err
}

func appendProvider(s *ortgo.SessionOptions, provider string) error {
	switch provider {
	case "cpu":
		return nil
	case "cuda":
		cuda, err := ortgo.NewCUDAProviderOptions()
		if err != nil {
			return err
		}
		defer cuda.Destroy()
		return s.AppendExecutionProviderCUDA(cuda)
	case "tensorrt":
		trt, err := ortgo.NewTensorRTProviderOptions()
		if err != nil {
			return err
		}
		defer trt.Destroy()
		return s.AppendExecutionProviderTensorRT(trt)
	case "coreml":
		return s.AppendExecutionProviderCoreMLV2(nil)
	case "directml":
		// DirectML refuses memory patterns: it plans its own memory.
		if err := s.SetMemPattern(false); err != nil {
			return err
		}
		return s.AppendExecutionProviderDirectML(0)
	case "webgpu":
		return s.AppendExecutionProvider("WebGPU", nil)
	}
	return fmt.Errorf("want one of %s or auto", strings.Join(Providers, ", "))
}

// automatic are the providers that auto tries, best first; cpu ends the list and always starts. TensorRT is left out:
// it compiles for minutes before the first answer. So is WebGPU where no GPU shows: it would run on a software driver,
// slower than the CPU provider.
func automatic() []string {
	switch goruntime.GOOS {
	case "darwin":
		return []string{"coreml", "webgpu", "cpu"}
	case "windows":
		return []string{"cuda", "directml", "cpu"}
	}
	if nodes, _ := filepath.Glob("/dev/dri/renderD*"); len(nodes) > 0 {
		return []string{"cuda", "webgpu", "cpu"}
	}
	return []string{"cuda", "cpu"}
}
