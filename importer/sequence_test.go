package importer

import (
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// Parts of a tensor that is split by known sizes are slices of it; a list that something else reads stays one.
func TestPartsOfSplitsAreSlices(t *testing.T) {
	for _, c := range []struct {
		name  string
		attrs graph.Attrs
		sizes *tensor.Tensor
		at    []int
		also  bool // the list's length is an output
		want  string
	}{
		{"by a size", graph.Attrs{"axis": int64(1)}, tensor.Scalar(int64(4)), []int{0, -1}, false, "Slice[n,4] Slice[n,2]"},
		{"by sizes", graph.Attrs{"axis": int64(-1)}, tensor.Vector[int64](1, 2, 3), []int{1, 2}, false, "Slice[n,2] Slice[n,3]"},
		{"one by one", graph.Attrs{"axis": int64(1)}, nil, []int{5}, false, "Slice[n,1]"},
		{"without the axis", graph.Attrs{"axis": int64(1), "keepdims": int64(0)}, nil, []int{0}, false, "Slice[n,1] Squeeze[n]"},
		{"read elsewhere", graph.Attrs{"axis": int64(1)}, tensor.Scalar(int64(3)), []int{0}, true, "SplitToSequence[n,?] Slice[n,3] SequenceLength[]"},
		{"no such part", graph.Attrs{"axis": int64(1)}, tensor.Scalar(int64(3)), []int{2}, false, "SplitToSequence[n,?] SequenceAt[n,y_3.1]"},
		{"along the batch", nil, tensor.Scalar(int64(3)), []int{0}, false, "SplitToSequence[?,6] SequenceAt[y_3.0,6]"},
	} {
		g := graph.New("g")
		var sizes *graph.Value
		if c.sizes != nil {
			sizes = g.Const(c.sizes)
		}
		list := g.Node("SplitToSequence", c.attrs, g.Input("x", "n", 6), sizes)
		for _, i := range c.at {
			g.Output(g.Fresh("y"), g.Node("SequenceAt", nil, list, g.Const(tensor.Scalar(int64(i)))))
		}
		if c.also {
			g.Output("length", g.Node("SequenceLength", nil, list))
		}
		if err := g.Err(); err != nil {
			t.Fatal(err)
		}
		b, err := Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		g, err = Unmarshal(b, Options{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []string
		for _, n := range g.Nodes {
			got = append(got, n.Op+n.Outputs[0].Shape.String())
		}
		if ops := strings.Join(got, " "); ops != c.want {
			t.Errorf("%s: %s, want %s", c.name, ops, c.want)
		}
	}
}
