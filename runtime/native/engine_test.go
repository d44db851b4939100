package native

import (
	"context"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// run compiles g and runs it once on in.
func run(t testing.TB, g *graph.Graph, in ...*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	p, err := New().Compile(g, runtime.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	out := make([]*tensor.Tensor, len(g.Outputs))
	if err := p.Run(context.Background(), in, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDenseLayer(t *testing.T) {
	g := graph.New("dense")
	x := g.Input("x", "batch", 2)
	w, _ := tensor.Wrap([]float32{1, 2, 3, 4, 5, 6}, 3, 2)
	y := g.Node("Gemm", graph.Attrs{"transB": int64(1)}, x, g.Weight("w", w), g.Weight("b", tensor.Vector[float32](10, 20, 30)))
	g.Output("y", g.Add(y, g.Scalar(0.5, y)))
	in, _ := tensor.Wrap([]float32{1, 1, 2, -1}, 2, 2)
	got := tensor.Data[float32](run(t, g, in)[0])
	want := []float32{13.5, 27.5, 41.5, 10.5, 22.5, 34.5}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}
