package ssl

import (
	"errors"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/engines"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// openORT is ONNX Runtime, or a skip.
func openORT(t *testing.T) runtime.Engine {
	t.Helper()
	ort, err := engines.Open("ort", engines.Options{Threads: 1})
	if errors.Is(err, runtime.ErrUnavailable) {
		t.Skipf("ONNX Runtime: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	return ort
}

// near reports whether two tensors agree to 1e-5, relative where they are above 1.
func near(a, b *tensor.Tensor) bool {
	x, y := a.Floats(), b.Floats()
	return slices.EqualFunc(x, y, func(x, y float64) bool { return math.Abs(x-y) <= 1e-5*max(1, math.Abs(x)) })
}

// Every part, read from its ONNX bytes, gives the same on either engine.
func TestPartsRunInONNXRuntime(t *testing.T) {
	ort := openORT(t)
	all := stacks(t)
	for name, c := range configs() {
		all[name] = model(t, c)
	}
	for name, m := range all {
		for part, g := range m.Graphs() {
			b, err := importer.Marshal(g)
			if err != nil {
				t.Fatal(err)
			}
			back, err := importer.Unmarshal(b, importer.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var in []*tensor.Tensor
			for i, v := range back.Inputs {
				row, _ := v.Shape[1:].Known()
				x := noiseRows(7, tensor.Shape(row).Size(), uint64(i), true)
				if x, err = x.Reshape(append([]int{7}, row...)...); err != nil {
					t.Fatal(err)
				}
				in = append(in, x)
			}
			var out [2][]*tensor.Tensor
			for i, e := range []runtime.Engine{native.New(), ort} {
				p, err := e.Compile(back, runtime.Options{Threads: 1})
				if err != nil {
					t.Fatalf("%s: the %s on %s: %v", name, part, e.Name(), err)
				}
				defer p.Close()
				out[i] = make([]*tensor.Tensor, len(back.Outputs))
				if err := p.Run(t.Context(), in, out[i]); err != nil {
					t.Fatal(err)
				}
			}
			for i, v := range back.Outputs {
				if !near(out[0][i], out[1][i]) {
					t.Errorf("%s: %s of the %s is %v natively, %v in ONNX Runtime", name, v.Name, part, out[0][i].Floats(), out[1][i].Floats())
				}
			}
		}
	}
}

// The whole model classifies, generates and trains the same on either engine, within rounding.
func TestTheEnginesAgreeOnAnM2(t *testing.T) {
	ort := openORT(t)
	rows, labels, _ := blobs(t, 60)
	x := noiseRows(5, 6, 1, true)
	results := map[string][]*tensor.Tensor{}
	for _, e := range []runtime.Engine{native.New(), ort} {
		for name, m := range stacks(t) {
			m.Engine = e
			o := Options{Options: train.Options{MaxSteps: 3, Batch: 20, Seed: 3, Engine: e, Threads: 1, Optimizer: train.SGD{LearningRate: 0.01}}}
			if _, err := Fit(t.Context(), m, rows, labels, o); err != nil {
				t.Fatal(err)
			}
			q, err := m.Classify(t.Context(), x)
			if err != nil {
				t.Fatal(err)
			}
			p, err := m.Posterior(t.Context(), x, 2, 1, 0)
			if err != nil {
				t.Fatal(err)
			}
			a, err := m.Analogies(t.Context(), x)
			if err != nil {
				t.Fatal(err)
			}
			results[name+" on "+e.Name()] = []*tensor.Tensor{q, p, a}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(stacks(t))) {
		for i, got := range results[name+" on "+ort.Name()] {
			if want := results[name+" on native"][i]; !near(want, got) {
				t.Errorf("%s, result %d: %v natively, %v in ONNX Runtime", name, i, want.Floats(), got.Floats())
			}
		}
	}
}
