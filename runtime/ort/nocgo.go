//go:build !cgo

package ort

import (
	"fmt"

	"github.com/elbo-ml/elbo/runtime"
)

const nativeOnly = "this binary was built with CGO_ENABLED=0 and is native only"

// Open says that this binary cannot load ONNX Runtime; the error wraps runtime.ErrUnavailable.
func Open(Config) (runtime.Engine, error) {
	return nil, fmt.Errorf("ort: open: %s: %w", nativeOnly, runtime.ErrUnavailable)
}

// CheckProvider says that this binary has no execution providers; the error wraps runtime.ErrUnavailable.
func CheckProvider(name string) error {
	return fmt.Errorf("ort: provider %q: %s: %w", name, nativeOnly, runtime.ErrUnavailable)
}

// Status lists where the library would be looked for.
func Status() Report {
	places := Candidates()
	for i := range places {
		if places[i].Problem == "" {
			places[i].Problem = nativeOnly
		}
	}
	return Report{Places: places}
}

// Shutdown has nothing to do here.
func Shutdown() error { return nil }
