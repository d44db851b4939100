package conformance

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/engines"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
)

// A gradient is a plain ONNX graph: a stock ONNX Runtime runs every rule and agrees with the native engine.
func TestGradientsOnONNXRuntime(t *testing.T) {
	ort, err := engines.Open("ort", engines.Options{Threads: 1})
	if errors.Is(err, runtime.ErrUnavailable) {
		t.Skipf("ONNX Runtime: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	for _, c := range gradientCases() {
		for _, symbols := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/symbols=%v", c.name, symbols), func(t *testing.T) {
				if why := refusedByORT[c.name]; why != "" {
					t.Skipf("ONNX Runtime: %s", why)
				}
				f, err := newFormula(c, tensor.Float32, symbols)
				if err != nil {
					t.Fatal(err)
				}
				in := values(c, tensor.Float32)
				want := evaluate(t, f.compile(t, native.New(), true), in)
				got := evaluate(t, f.compile(t, ort, true), in)
				for i := range want {
					checkNear(t, i, got[i], want[i])
				}
			})
		}
	}
}

func checkNear(t *testing.T, output int, got, want *tensor.Tensor) {
	t.Helper()
	if !got.Shape().Equal(want.Shape()) {
		t.Errorf("output %d: shape %v on ONNX Runtime, %v on the native engine", output, got.Shape(), want.Shape())
		return
	}
	g, w := got.Floats(), want.Floats()
	for k := range w {
		if !(math.Abs(g[k]-w[k]) <= 2e-5*(1+math.Abs(w[k]))) {
			t.Errorf("output %d, element %d: %g on ONNX Runtime, %g on the native engine", output, k, g[k], w[k])
		}
	}
}
