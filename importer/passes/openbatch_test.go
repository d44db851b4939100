package passes

import (
	"testing"

	"github.com/elbo-ml/elbo/graph"
)

func TestOpenBatch(t *testing.T) {
	for _, c := range []struct {
		name     string
		build    func(g *graph.Graph) *graph.Value
		want     string // the output's shape; "" where the batch stays fixed
		replaced bool
	}{
		{"nothing relies on it", func(g *graph.Graph) *graph.Value { return g.Tanh(g.Input("x", 3, 4)) }, "[batch,4]", false},
		{"a target that begins with it", func(g *graph.Graph) *graph.Value {
			return g.Reshape(g.Input("x", 3, 2, 6), g.Int64s(3, 12))
		}, "[batch,12]", true},
		{"one row", func(g *graph.Graph) *graph.Value { return g.Reshape(g.Input("x", 1, 12), g.Int64s(1, 3, 4)) }, "[batch,3,4]", true},
		{"the rest left open", func(g *graph.Graph) *graph.Value { return g.Reshape(g.Input("x", 3, 2, 6), g.Int64s(3, -1)) }, "[batch,12]", true},
		{"as the dynamo exporter writes it", func(g *graph.Graph) *graph.Value {
			return g.Node("Reshape", graph.Attrs{"allowzero": int64(1)}, g.Input("x", 3, 2, 6), g.Int64s(3, -1))
		}, "[batch,12]", true},
		{"heads as rows, and back", func(g *graph.Graph) *graph.Value {
			h := g.Transpose(g.Reshape(g.Input("x", 3, 7, 8), g.Int64s(3, 7, 2, 4)), 1, 0, 2, 3)
			h = g.Softmax(g.Reshape(h, g.Int64s(7, 6, 4)), -1)
			return g.Transpose(g.Reshape(h, g.Int64s(7, 3, 8)), 1, 0, 2)
		}, "[batch,7,8]", true},
		{"positions expanded to it", func(g *graph.Graph) *graph.Value {
			x := g.Input("x", 3, 4)
			return g.Add(g.Expand(weight(g, "p", 1, 2, 3, 4), g.Int64s(3, 4)), x)
		}, "[batch,4]", true},
		{"noise of so many rows", func(g *graph.Graph) *graph.Value {
			return g.Add(g.Input("x", 3, 4), g.Node("RandomNormal", graph.Attrs{"shape": []int64{3, 4}}))
		}, "[batch,4]", true},
		{"a mean over it", func(g *graph.Graph) *graph.Value { return g.ReduceMean(g.Input("x", 3, 4), true, 0) }, "", false},
		{"which of two entries is not told", func(g *graph.Graph) *graph.Value {
			return g.Reshape(g.Input("x", 2, 4, 4), g.Int64s(4, 8))
		}, "", false},
		{"dynamic already", func(g *graph.Graph) *graph.Value { return g.Tanh(g.Input("x", "n", 4)) }, "", false},
	} {
		g := graph.New("g")
		g.Output("y", c.build(g))
		if err := graph.Verify(g); err != nil {
			t.Fatal(err)
		}
		o, replaced := OpenBatch(g)
		if o == nil {
			if c.want != "" {
				t.Errorf("%s: the batch stays fixed", c.name)
			}
			continue
		}
		if err := graph.Verify(o); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := o.Outputs[0].Shape.String(); got != c.want || replaced != c.replaced {
			t.Errorf("%s: %s, replaced %v; want %s, %v", c.name, got, replaced, c.want, c.replaced)
		}
	}
}
