package native

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// reals is a float64 tensor, which the tests also run as float32; ints and bools are what they say.
func reals(shape []int, v ...float64) *tensor.Tensor { return wrap(v, shape) }

func ints(shape []int, v ...int64) *tensor.Tensor { return wrap(v, shape) }

func bools(shape []int, v ...bool) *tensor.Tensor { return wrap(v, shape) }

func wrap[T tensor.Element](v []T, shape []int) *tensor.Tensor {
	t, err := tensor.Wrap(v, shape...)
	if err != nil {
		panic(err)
	}
	return t
}

func vec(v ...float64) *tensor.Tensor { return tensor.Vector(v...) }

func idx(v ...int64) *tensor.Tensor { return tensor.Vector(v...) }

// as is t with its float64 elements turned to dtype.
func as(t *tensor.Tensor, dtype tensor.DType) *tensor.Tensor {
	if t == nil || t.DType() != tensor.Float64 || dtype == tensor.Float64 {
		return t
	}
	c := tensor.New(dtype, t.Shape()...)
	for i, v := range tensor.Data[float64](t) {
		tensor.Data[float32](c)[i] = float32(v)
	}
	return c
}

// single is a graph of one operator and what it is fed. Vectors are constants when shapes may depend on them,
// and real tensors inputs, unless fold asks that all be constants, so that the planner computes the node.
func single(op string, outputs int, attrs graph.Attrs, dtype tensor.DType, fold bool, in ...*tensor.Tensor) (*graph.Graph, []*tensor.Tensor) {
	g := graph.New(op)
	var values []*graph.Value
	var fed []*tensor.Tensor
	for i, x := range in {
		x = as(x, dtype)
		switch {
		case x == nil:
			values = append(values, nil)
		case fold || op == "Range" || op == "Resize" && i > 0 || x.DType() == tensor.Int64 && (i > 0 || op == "ConstantOfShape"):
			values = append(values, g.Const(x))
		default:
			values = append(values, input(g, g.Fresh("x"), x))
			fed = append(fed, x)
		}
	}
	for i, y := range g.NodeN(op, outputs, attrs, values...) {
		g.Output("y"+string(rune('0'+i)), y)
	}
	return g, fed
}

type kernelCase struct {
	name, op string
	attrs    graph.Attrs
	in       []*tensor.Tensor
	want     []*tensor.Tensor // reals in float64
}

var allCases = [][]kernelCase{elementCases, reduceCases, moveCases, indexCases, layerCases}

func TestKernelsGiveWorkedNumbers(t *testing.T) {
	for _, cases := range allCases {
		for _, c := range cases {
			t.Run(c.op+"/"+c.name, func(t *testing.T) {
				for _, dtype := range []tensor.DType{tensor.Float32, tensor.Float64} {
					for _, fold := range []bool{false, true} {
						g, fed := single(c.op, len(c.want), c.attrs, dtype, fold, c.in...)
						for i, y := range run(t, g, fed...) {
							compare(t, y, as(c.want[i], dtype))
						}
					}
				}
			})
		}
	}
}

func compare(t *testing.T, got, want *tensor.Tensor) {
	t.Helper()
	if got.DType() != want.DType() || !got.Shape().Equal(want.Shape()) {
		t.Fatalf("got %v, want %v", got, want)
	}
	tolerance := 1e-12
	if got.DType() == tensor.Float32 {
		tolerance = 1e-6
	}
	a, b := got.Floats(), want.Floats()
	for i := range a {
		if !near(a[i], b[i], tolerance) {
			t.Fatalf("element %d of %v is %v, want %v", i, a, a[i], b)
		}
	}
}

func near(a, b, tolerance float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= tolerance*max(1, math.Abs(b))
}

func TestEveryKernelHasWorkedNumbers(t *testing.T) {
	held := []string{"Shape", "Size", "NonZero", "Det"} // known while planning: TestShapesAreFoldedWhilePlanning; TestDeterminants
	for _, c := range dynamicCases {
		held = append(held, c.op)
	}
	for _, cases := range allCases {
		for _, c := range cases {
			held = append(held, c.op)
		}
	}
	for _, op := range kernelOps() {
		if !slices.Contains(held, op) {
			t.Errorf("%s has no worked numbers", op)
		}
	}
}

func TestKernelsDoNotAllocate(t *testing.T) {
	for _, cases := range allCases {
		for _, c := range cases {
			g, in := single(c.op, len(c.want), c.attrs, tensor.Float32, false, c.in...)
			p := compile(t, g)
			out := make([]*tensor.Tensor, len(g.Outputs))
			if n := testing.AllocsPerRun(30, func() {
				if err := p.Run(context.Background(), in, out); err != nil {
					t.Fatal(err)
				}
			}); n != 0 {
				t.Errorf("%s, %s: %v allocations per run", c.op, c.name, n)
			}
		}
	}
}
