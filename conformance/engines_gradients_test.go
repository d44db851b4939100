package conformance

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// Gradients are graphs, so a stock ONNX Runtime computes those of every operator as the native engine does.
func TestEnginesAgreeOnEveryGradient(t *testing.T) {
	other := openORT(t)
	checked := map[string]bool{}
	for i, c := range opCases() {
		g, in := graphOf(c, tensor.Float32, uint64(i))
		if g.Err() != nil || !slices.ContainsFunc(g.Inputs, isFloat) || slices.ContainsFunc(in, singular) {
			continue
		}
		name := c.String()
		err := gradientsOf(g, uint64(i))
		if errors.Is(err, train.ErrNotDifferentiable) || errors.Is(err, graph.ErrUnsupported) || err == nil && len(g.Outputs) == 0 {
			continue // an index, a mask, or a form that Gradients refuses in words
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want, err := run(other, g, in)
		if err != nil {
			t.Errorf("%s: ort: %v", name, err)
			continue
		}
		got, err := run(native.New(), g, in)
		if err != nil {
			t.Errorf("%s: native: %v", name, err)
			continue
		}
		checked[c.op] = true
		for k := range want {
			if d := stepDifference(got[k], want[k]); !(d <= stepTolerance) {
				t.Errorf("%s: %s differs by %.3g: native %v %.7v, ort %v %.7v", name, g.Outputs[k].Name, d, got[k], head(got[k]), want[k], head(want[k]))
			}
		}
	}
	t.Logf("gradients of %d operators", len(checked))
	if len(checked) < 50 {
		t.Errorf("only %d operators had gradients to compare", len(checked))
	}
}

func isFloat(v *graph.Value) bool { return v.DType.IsFloat() }

func singular(x *tensor.Tensor) bool {
	return slices.ContainsFunc(x.Floats(), func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
}

// gradientsOf replaces g's outputs by the gradients of a random weighing of them with respect to g's float inputs.
func gradientsOf(g *graph.Graph, seed uint64) error {
	r := rand.New(rand.NewPCG(seed, 2))
	var loss *graph.Value
	for _, y := range g.Outputs {
		shape, ok := y.Shape.Known()
		if !ok || !isFloat(y) {
			continue
		}
		part := g.ReduceSum(g.Mul(y, g.Const(float(y.DType, r.NormFloat64, shape...))), false)
		if loss != nil {
			part = g.Add(loss, part)
		}
		loss = part
	}
	g.Outputs = nil
	if loss == nil {
		return g.Err()
	}
	var params []*graph.Value
	for _, v := range g.Inputs {
		if isFloat(v) {
			params = append(params, v)
		}
	}
	grads, err := train.Gradients(g, loss, params)
	if err != nil {
		return err
	}
	for i, v := range grads {
		g.Output(fmt.Sprintf("d%s", params[i].Name), v)
	}
	return g.Err()
}
