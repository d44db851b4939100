package conformance

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/runtime/native/kernel"
	"github.com/elbo-ml/elbo/runtime/ort"
	"github.com/elbo-ml/elbo/tensor"
)

// tolerance bounds the relative difference between the engines.
const tolerance = 2e-5

// noFloat64InORT are the operators whose kernels in ONNX Runtime's CPU provider compute in float32 only, and which
// runtime/ort does not spell out. One that starts to run fails the test, so that the list stays true.
var noFloat64InORT = map[string]bool{
	"Erf": true, "Conv": true, "ConvTranspose": true, "AveragePool": true, "GlobalAveragePool": true, "GlobalMaxPool": true,
	"InstanceNormalization": true, "Tan": true, "Sinh": true, "Cosh": true, "Atan": true, "Asinh": true, "Asin": true, "Acos": true, "Atanh": true,
	"Acosh": true, "GridSample": true, "Det": true, "Resize": true,
}

// openORT is ONNX Runtime, or the end of the test with the reason why it is not there.
func openORT(t *testing.T) runtime.Engine {
	t.Helper()
	e, err := ort.Open(ort.Config{})
	if err != nil {
		t.Skip(err)
	}
	return e
}

// graphOf is a graph of the case's one node, and its inputs.
func graphOf(c opCase, float tensor.DType, seed uint64) (*graph.Graph, []*tensor.Tensor) {
	r := rand.New(rand.NewPCG(seed, 1))
	g := graph.New(c.op)
	var values []*graph.Value
	var in []*tensor.Tensor
	for i, a := range c.in {
		if a.make == nil {
			values = append(values, nil)
			continue
		}
		t := a.make(r, float)
		if a.constant {
			values = append(values, g.Const(t))
			continue
		}
		dims := make(graph.Shape, len(t.Shape()))
		for k, d := range t.Shape() {
			dims[k] = graph.N(d)
		}
		values = append(values, g.InputOf(t.DType(), fmt.Sprintf("x%d", i), dims))
		in = append(in, t)
	}
	for i, v := range g.NodeN(c.op, max(c.outs, 1), c.attrs, values...) {
		g.Output(fmt.Sprintf("y%d", i), v)
	}
	return g, in
}

func (c opCase) String() string {
	_, in := graphOf(c, tensor.Float32, 1)
	var parts []string
	for _, t := range in {
		parts = append(parts, t.String())
	}
	for _, name := range c.attrs.Names() {
		parts = append(parts, fmt.Sprintf("%s=%v", name, c.attrs[name]))
	}
	return c.op + "(" + strings.Join(parts, " ") + ")"
}

func run(e runtime.Engine, g *graph.Graph, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	p, err := e.Compile(g, runtime.Options{Threads: 1})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	out := make([]*tensor.Tensor, len(g.Outputs))
	return out, p.Run(context.Background(), in, out)
}

// difference is the largest difference relative to the values' own size, or to 1 where they are smaller; two NaNs and
// two equal infinities differ by nothing.
func difference(a, b *tensor.Tensor) float64 {
	if a.String() != b.String() {
		return math.Inf(1)
	}
	worst := 0.0
	y := b.Floats()
	for i, x := range a.Floats() {
		if x == y[i] || math.IsNaN(x) && math.IsNaN(y[i]) {
			continue
		}
		d := math.Abs(x-y[i]) / max(1, math.Abs(y[i]))
		if !(d <= worst) { // a NaN on one side only is the worst
			worst = d
		}
	}
	return worst
}

// Both engines answer the same on every operator of the native engine, in float32 and float64.
func TestEnginesAgreeOnEveryOperator(t *testing.T) {
	other := openORT(t)
	covered := map[string]bool{}
	for i, c := range opCases() {
		covered[c.op] = true
		for _, float := range []tensor.DType{tensor.Float32, tensor.Float64} {
			g, in := graphOf(c, float, uint64(i))
			name := fmt.Sprintf("%v in %v", c, float)
			if err := g.Err(); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			want, err := run(other, g, in)
			if float == tensor.Float64 && noFloat64InORT[c.op] {
				if err == nil {
					t.Errorf("%s: ONNX Runtime runs it now; take it off the list", name)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: ort: %v", name, err)
				continue
			}
			got, err := run(native.New(), g, in)
			if errors.Is(err, graph.ErrUnsupported) && kernel.Lookup(c.op) == nil {
				continue // the operator is in the table and its kernel is not yet
			}
			if err != nil {
				t.Errorf("%s: native: %v", name, err)
				continue
			}
			for k := range want {
				if d := difference(got[k], want[k]); !(d <= tolerance) {
					t.Errorf("%s: output %d differs by %.3g: native %v %.7v, ort %v %.7v", name, k, d, got[k], head(got[k]), want[k], head(want[k]))
				}
			}
		}
	}
	for _, op := range kernel.Ops() {
		if op == "StringNormalizer" { // of strings: see TestRunValues in runtime/ort
			continue
		}
		if !covered[op] && graph.Lookup("", op).Since == 0 { // what came later is not written for the other engine
			t.Errorf("%s has a native kernel and no case here", op)
		}
	}
}

// A node of which only a later output is read runs like any other, even when a file leaves the first one out.
func TestEnginesAgreeOnUnreadOutputs(t *testing.T) {
	other := openORT(t)
	g := graph.New("indices")
	out := g.NodeN("MaxPool", 2, at("kernel_shape", []int{2, 2}), g.Input("x", 1, 2, 4, 4))
	g.Output("indices", out[1])
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	in := []*tensor.Tensor{f(1, 2, 4, 4).make(rand.New(rand.NewPCG(1, 1)), tensor.Float32)}
	want, err := run(other, g, in)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"unread", "left out"} {
		got, err := run(native.New(), g, in)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := difference(got[0], want[0]); d != 0 {
			t.Errorf("%s: native %v, ort %v", name, got[0].Floats(), want[0].Floats())
		}
		out[1].Producer.Outputs[0] = nil
	}
}

func head(t *tensor.Tensor) []float64 {
	x := t.Floats()
	return x[:min(len(x), 24)]
}
