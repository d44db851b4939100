package native

import (
	"slices"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// A gradient of weights reads x and dy as they are, and is what its standard operators give: sums of up to 50 products of up to
// 16384, so that a tenth is their rounding.
func TestWeightGradientsAbsorbTheirTransposes(t *testing.T) {
	for _, c := range []struct {
		name   string
		attrs  graph.Attrs
		x, dy  []int
		cut    int // the extents that are kept, where not all
		reader bool
		leaves int
	}{
		{name: "stride 2", attrs: graph.Attrs{"dilations": []int64{2, 2}, "pads": []int64{1, 1, 1, 1}}, x: []int{3, 2, 8, 8}, dy: []int{3, 5, 4, 4}},
		{name: "rows left over", attrs: graph.Attrs{"dilations": []int64{3, 3}}, x: []int{3, 2, 9, 9}, dy: []int{3, 5, 2, 2}, cut: 4},
		{name: "line", attrs: nil, x: []int{3, 2, 9}, dy: []int{3, 5, 7}},
		{name: "also read as it was", x: []int{3, 2, 9}, dy: []int{3, 5, 7}, reader: true, leaves: 3},
	} {
		in := tensors{scattered(c.x...), scattered(c.dy...)}
		build := func(hidden bool) *graph.Graph {
			g := graph.New(c.name)
			swap := []int{1, 0, 2, 3}[:len(c.x)]
			x, dy := g.Transpose(input(g, "x", in[0]), swap...), g.Transpose(input(g, "dy", in[1]), swap...)
			if hidden { // two signs keep the values and stand between
				x, dy = g.Neg(g.Neg(x)), g.Neg(g.Neg(dy))
			}
			y := g.Node("Conv", c.attrs, x, dy)
			if c.reader {
				g.Output("early", y)
			}
			y = g.Transpose(y, swap...)
			if c.cut > 0 {
				y = g.Slice(y, []int{0, 0}, []int{c.cut, c.cut}, []int{2, 3})
			}
			g.Output("dw", y)
			return g
		}
		got, want := run(t, build(false), in...), run(t, build(true), in...)
		for i := range got {
			if !slices.EqualFunc(tensor.Data[float32](got[i]), tensor.Data[float32](want[i]), func(a, b float32) bool { return a-b < 0.1 && b-a < 0.1 }) {
				t.Errorf("%s: %v, want %v", c.name, got[i], want[i])
			}
		}
		p, err := specialise(build(false), []tensor.Shape{c.x, c.dy})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(p.Nodes); n != 1+c.leaves {
			t.Errorf("%s: %d nodes, want %d", c.name, n, 1+c.leaves)
		}
	}
}
