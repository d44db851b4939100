package native

import (
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

func TestMatricesLargerThanATileAreTransposed(t *testing.T) {
	g := graph.New("g")
	g.Output("y", g.Transpose(g.Input("x", 3, 70, 45), 0, 2, 1))
	x := scattered(3, 70, 45)
	y := run(t, g, x)[0]
	for b := range 3 {
		for i := range 70 {
			for j := range 45 {
				if got, want := tensor.Data[float32](y)[(b*45+j)*70+i], tensor.Data[float32](x)[(b*70+i)*45+j]; got != want {
					t.Fatalf("at %d %d %d: got %v, want %v", b, j, i, got, want)
				}
			}
		}
	}
}

// A product of transposed matrices reads them as they were, and is the product all the same.
func TestProductsAbsorbTransposes(t *testing.T) {
	for _, c := range []struct {
		name   string
		a, b   []int // before the swap of the last two axes
		op     string
		attrs  graph.Attrs
		swapA  []int
		swapB  []int
		leaves int // Transpose nodes in the plan
	}{
		{"right side, shared by the batch", []int{2, 3, 4}, []int{5, 4}, "MatMul", nil, nil, []int{1, 0}, 0},
		{"left side, batch by batch", []int{2, 4, 3}, []int{4, 5}, "MatMul", nil, []int{0, 2, 1}, nil, 0},
		{"both sides", []int{2, 4, 3}, []int{2, 5, 4}, "MatMul", nil, []int{0, 2, 1}, []int{0, 2, 1}, 0},
		{"batch moved too", []int{4, 3, 2}, []int{4, 5}, "MatMul", nil, []int{2, 1, 0}, nil, 1},
		{"transposed twice", []int{3, 4}, []int{4, 5}, "Gemm", graph.Attrs{"transA": int64(1), "alpha": float32(2)}, []int{1, 0}, nil, 0},
	} {
		build := func(hidden bool) (*graph.Graph, tensors) {
			g := graph.New(c.name)
			a, b := scattered(c.a...), scattered(c.b...)
			va, vb := input(g, "a", a), input(g, "b", b)
			if c.swapA != nil {
				va = g.Transpose(va, c.swapA...)
			}
			if c.swapB != nil {
				vb = g.Transpose(vb, c.swapB...)
			}
			if hidden { // two signs keep the values and stand between
				va, vb = g.Neg(g.Neg(va)), g.Neg(g.Neg(vb))
			}
			g.Output("y", g.Node(c.op, c.attrs, va, vb))
			return g, tensors{a, b}
		}
		g, in := build(false)
		plain, _ := build(true)
		compare(t, run(t, g, in...)[0], run(t, plain, in...)[0])
		s, err := specialise(g, []tensor.Shape{c.a, c.b})
		if err != nil {
			t.Fatal(err)
		}
		left := 0
		for _, n := range s.Nodes {
			if n.Op == "Transpose" {
				left++
			}
		}
		if left != c.leaves {
			t.Errorf("%s: %d Transpose nodes are left, want %d", c.name, left, c.leaves)
		}
	}
}
