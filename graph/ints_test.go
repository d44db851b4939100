package graph

import (
	"testing"

	"github.com/elbo-ml/elbo/tensor"
)

// The chains that PyTorch exports for view, expand and the like keep the symbols of the shapes they start from.
func TestShapeArithmeticKeepsSymbols(t *testing.T) {
	rows := []struct {
		breaks string
		build  func(g *Graph, x *Value) *Value
		want   string
	}{
		{"x.view(x.size(0), -1)", func(g *Graph, x *Value) *Value {
			n := g.Unsqueeze(g.Gather(g.Shape(x), g.Const(tensor.Scalar(int64(0))), 0), 0)
			return g.Reshape(x, g.Concat(0, n, g.Int64s(-1)))
		}, "[n,12]"},
		{"x.view(n * 3, 4)", func(g *Graph, x *Value) *Value {
			d := g.Split(g.Shape(x), 0, 1, 1, 1)
			return g.Reshape(x, g.Concat(0, g.Mul(d[0], d[1]), d[2]))
		}, "[3*n,4]"},
		{"x.view(n, h // 2, 8)", func(g *Graph, x *Value) *Value {
			s := g.Shape(x)
			last := g.Div(g.Mul(g.Slice(s, []int{1}, []int{2}, []int{0}), g.Slice(s, []int{2}, []int{3}, []int{0})), g.Int64s(2))
			return g.Reshape(x, g.Concat(0, g.Slice(s, []int{0}, []int{1}, []int{0}), last, g.Int64s(2)))
		}, "[n,6,2]"},
		{"expand with -1, as where(shape == -1, ones, shape)", func(g *Graph, x *Value) *Value {
			ones := g.Fill(g.Int64s(3), tensor.Scalar(int64(1)))
			target := g.Concat(0, g.Int64s(-1), g.Slice(g.Shape(x), []int{1}, []int{3}, []int{0}))
			return g.Expand(x, g.Where(g.Equal(target, g.Mul(ones, g.Int64s(-1))), ones, target))
		}, "[n,3,4]"},
		{"zeros(size)", func(g *Graph, x *Value) *Value { return g.ZerosLike(x) }, "[n,3,4]"},
		{"the number of elements by ReduceProd", func(g *Graph, x *Value) *Value {
			return g.Reshape(x, g.reduce("ReduceProd", g.Shape(x), true, []int{0}))
		}, "[12*n]"},
		{"arange(n)", func(g *Graph, x *Value) *Value {
			n := g.Gather(g.Shape(x), g.Const(tensor.Scalar(int64(0))), 0)
			return g.Range(g.Const(tensor.Scalar(int64(0))), n, g.Const(tensor.Scalar(int64(1))))
		}, "[n]"},
		{"casts to int32 and back", func(g *Graph, x *Value) *Value {
			return g.Reshape(g.Flatten(x, 1), g.Cast(g.Cast(g.Shape(x), tensor.Int32), tensor.Int64))
		}, "[n,3,4]"},
		{"size() as a scalar", func(g *Graph, x *Value) *Value {
			return g.Reshape(x, g.Unsqueeze(g.Size(x), 0))
		}, "[12*n]"},
	}
	for _, r := range rows {
		g := New("chain")
		y := r.build(g, g.Input("x", "n", 3, 4))
		if err := g.Err(); err != nil {
			t.Errorf("%s: %v", r.breaks, err)
		} else if got := y.Shape.String(); got != r.want {
			t.Errorf("%s: shape %s, want %s", r.breaks, got, r.want)
		}
	}
}

func TestShapeArithmeticOfFixedShapesIsKnown(t *testing.T) {
	g := New("fixed")
	x := g.Input("x", 2, 3, 4)
	n := g.Unsqueeze(g.Gather(g.Shape(x), g.Const(tensor.Scalar(int64(0))), 0), 0)
	target := g.Concat(0, n, g.Int64s(-1))
	y := g.Reshape(x, target)
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	if got := target.Known(); got == nil || got.String() != "int64[2]" || tensor.Data[int64](got)[0] != 2 || tensor.Data[int64](got)[1] != -1 {
		t.Errorf("the target shape is %v, want [2 -1]", got)
	}
	if x.Known() != nil || y.Known() != nil {
		t.Error("the content of an input is known")
	}
}
