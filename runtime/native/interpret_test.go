package native

import (
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// Shapes that only the data tells: the places of what is not zero, and as many numbers as they are.
func TestShapesThatDependOnTheData(t *testing.T) {
	g := graph.New("data")
	x := g.Input("x", "n")
	where := g.Node("NonZero", nil, x)
	count := g.Node("Gather", nil, g.Shape(where), g.Int64s(1))
	g.Output("places", where)
	g.Output("ones", g.Node("ConstantOfShape", graph.Attrs{"value": tensor.Vector[float32](1)}, count))
	g.Output("same", x)
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	p := compile(t, g)
	for _, c := range []struct {
		in   []float64
		want []*tensor.Tensor
	}{
		{[]float64{0, 3, 0, 4}, []*tensor.Tensor{ints([]int{1, 2}, 1, 3), as(vec(1, 1), tensor.Float32)}},
		{[]float64{5, 6, 7}, []*tensor.Tensor{ints([]int{1, 3}, 0, 1, 2), as(vec(1, 1, 1), tensor.Float32)}},
		{[]float64{0}, []*tensor.Tensor{ints([]int{1, 0}), as(vec(), tensor.Float32)}},
	} {
		in := as(vec(c.in...), tensor.Float32)
		out := make([]*tensor.Tensor, 3)
		if err := p.Run(t.Context(), []*tensor.Tensor{in}, out); err != nil {
			t.Fatal(err)
		}
		for i, want := range append(c.want, in) {
			compare(t, out[i], want)
		}
	}
}

// Types without loops of their own are computed in a wider one and come back as their own arithmetic gives them.
func TestNarrowTypesAreComputedInWiderOnes(t *testing.T) {
	for _, c := range []struct {
		op   string
		a, b *tensor.Tensor
		want *tensor.Tensor
	}{
		{"Add", tensor.Vector[int8](127, -128), tensor.Vector[int8](1, -1), tensor.Vector[int8](-128, 127)},
		{"Sub", tensor.Vector[uint8](1, 200), tensor.Vector[uint8](2, 1), tensor.Vector[uint8](255, 199)},
		{"Mul", tensor.Vector[uint16](65535), tensor.Vector[uint16](65535), tensor.Vector[uint16](1)},
		{"Div", tensor.Vector[uint32](1<<32 - 1), tensor.Vector[uint32](2), tensor.Vector[uint32](1<<31 - 1)},
		{"Div", tensor.Vector[uint64](1<<64-1, 7), tensor.Vector[uint64](2, 0), tensor.Vector[uint64](1<<63-1, 0)},
		{"Max", tensor.Vector[uint64](1<<63, 7), tensor.Vector[uint64](1, 9), tensor.Vector[uint64](1<<63, 9)},
		{"Less", tensor.Vector[uint64](1<<63, 7), tensor.Vector[uint64](1, 9), tensor.Vector(false, true)},
		{"Less", tensor.Vector[int16](-1, 7), tensor.Vector[int16](1, 7), tensor.Vector(true, false)},
	} {
		g := graph.New(c.op)
		g.Output("y", g.Node(c.op, nil, input(g, "a", c.a), input(g, "b", c.b)))
		got := run(t, g, c.a, c.b)[0]
		if got.DType() != c.want.DType() || string(got.Bytes()) != string(c.want.Bytes()) {
			t.Errorf("%s(%v, %v) is %v %v, want %v", c.op, c.a.Floats(), c.b.Floats(), got, got.Floats(), c.want.Floats())
		}
	}
}
