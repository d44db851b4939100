package conformance

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// formula is a case as a graph: a loss that weighs every element of the case's result differently, and the gradients.
type formula struct {
	g     *graph.Graph
	loss  *graph.Value
	grads []*graph.Value
}

// newFormula builds the case. With symbols, every extent that may be open is a symbol of its own.
func newFormula(c gradientCase, dtype tensor.DType, symbols bool) (*formula, error) {
	g := graph.New(c.name)
	var x []*graph.Value
	for i, o := range c.operands {
		shape := make(graph.Shape, len(o.shape))
		for axis, n := range o.shape {
			if shape[axis] = graph.N(n); symbols && !o.fixed {
				shape[axis] = graph.Sym(fmt.Sprintf("d%d_%d", i, axis))
			}
		}
		x = append(x, g.InputOf(dtype, fmt.Sprintf("x%d", i), shape))
	}
	y := c.build(g, x)
	// Weights 1, cos 1, cos 2, ...: no gradient is the same as its neighbour's.
	flat := g.Cast(g.Reshape(y, g.Int64s(-1)), dtype)
	zero, one := g.Const(tensor.Scalar(int64(0))), g.Const(tensor.Scalar(int64(1)))
	weights := g.Cos(g.Cast(g.Range(zero, g.Size(y), one), dtype))
	f := &formula{g: g, loss: g.ReduceSum(g.Mul(flat, weights), false)}
	if err := g.Err(); err != nil {
		return nil, err
	}
	var err error
	f.grads, err = train.Gradients(g, f.loss, x)
	return f, err
}

// failer is what testing and rapid have in common.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
}

func (f *formula) compile(t failer, e runtime.Engine, gradients bool) runtime.Program {
	t.Helper()
	p, err := e.Compile(f.program(t, gradients), runtime.Options{Threads: 1})
	if err != nil {
		t.Fatalf("compile: %v", err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// program is the graph of the loss and, when asked for, of the gradients.
func (f *formula) program(t failer, gradients bool) *graph.Graph {
	t.Helper()
	g, at := f.g.CloneMap()
	g.Output("loss", at[f.loss])
	if gradients {
		for i, d := range f.grads {
			w := at[d]
			if w == nil { // a constant that no node reads
				w = g.Const(d.Data)
			}
			g.Output(fmt.Sprintf("grad%d", i), w)
		}
	}
	graph.Prune(g)
	if err := graph.Verify(g); err != nil {
		t.Fatalf("verify: %v", err)
	}
	return g
}

// values fills the operands; no two elements are near one another, so that maxima have no ties.
func values(c gradientCase, dtype tensor.DType) []*tensor.Tensor {
	rng := rand.New(rand.NewPCG(1, 2))
	out := make([]*tensor.Tensor, len(c.operands))
	for i, o := range c.operands {
		t := tensor.New(dtype, o.shape...)
		order := rng.Perm(t.Len())
		for k := range t.Len() {
			v := o.lo + (o.hi-o.lo)*(float64(order[k])+0.2+0.6*rng.Float64())/float64(t.Len())
			if o.values != nil {
				v = o.values[k]
			}
			setFloat(t, k, v)
		}
		out[i] = t
	}
	return out
}

func setFloat(t *tensor.Tensor, i int, v float64) {
	if t.DType() == tensor.Float64 {
		tensor.Data[float64](t)[i] = v
	} else {
		tensor.Data[float32](t)[i] = float32(v)
	}
}

func evaluate(t failer, p runtime.Program, in []*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	out := make([]*tensor.Tensor, len(p.Outputs()))
	if err := p.Run(context.Background(), in, out); err != nil {
		t.Fatalf("run: %v", err)
	}
	return out
}

// Every gradient rule agrees with central differences, with extents as numbers and as symbols.
func TestGradientsAgainstCentralDifferences(t *testing.T) {
	for _, c := range gradientCases() {
		for _, symbols := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/symbols=%v", c.name, symbols), func(t *testing.T) {
				f, err := newFormula(c, tensor.Float64, symbols)
				if err != nil {
					t.Fatal(err)
				}
				in := values(c, tensor.Float64)
				got := evaluate(t, f.compile(t, native.New(), true), in)[1:]
				checkDifferences(t, f.compile(t, native.New(), false), in, got)
			})
		}
	}
}

func checkDifferences(t failer, loss runtime.Program, in, got []*tensor.Tensor) {
	t.Helper()
	const h = 1e-5
	for i, x := range in {
		if !got[i].Shape().Equal(x.Shape()) {
			t.Errorf("gradient of operand %d has shape %v, not %v", i, got[i].Shape(), x.Shape())
			continue
		}
		data, grad := tensor.Data[float64](x), tensor.Data[float64](got[i])
		for k, at := range data {
			data[k] = at + h
			up := tensor.Data[float64](evaluate(t, loss, in)[0])[0]
			data[k] = at - h
			down := tensor.Data[float64](evaluate(t, loss, in)[0])[0]
			data[k] = at
			want := (up - down) / (2 * h)
			if diff := math.Abs(grad[k] - want); !(diff <= 1e-7*(1+math.Abs(want))) {
				t.Errorf("operand %d, element %d: gradient %.10g, central difference %.10g", i, k, grad[k], want)
			}
		}
	}
}

// An operator whose gradient rule no case reaches is not covered by the test above.
func TestEveryGradientHasACase(t *testing.T) {
	reached := map[string]bool{}
	for _, c := range gradientCases() {
		f, err := newFormula(c, tensor.Float64, false)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, n := range f.g.Nodes {
			reached[n.Op] = true
		}
	}
	none := reflect.ValueOf(graph.NoGradient).Pointer()
	for _, op := range graph.Ops() {
		if op.Gradient != nil && reflect.ValueOf(op.Gradient).Pointer() != none && !reached[op.Name] {
			t.Errorf("%s has a gradient and no case in gradients_cases_test.go", op.Name)
		}
	}
}
