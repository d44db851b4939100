package native

import (
	"context"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/profile"
	"github.com/elbo-ml/elbo/tensor"
)

// Every step of a run is on record, with the arithmetic that the plan says.
func TestARunOnRecord(t *testing.T) {
	g := graph.New("small")
	w := g.Weight("w", tensor.New(tensor.Float32, 8, 4))
	h := g.Tanh(g.MatMul(g.Input("x", "batch", 8), w))
	g.Output("y", g.Transpose(h, 1, 0))
	p := compile(t, g)
	r := profile.New()
	in, out := []*tensor.Tensor{tensor.New(tensor.Float32, 10, 8)}, make([]*tensor.Tensor, 1)
	for range 3 {
		if err := p.Run(profile.With(context.Background(), r), in, out); err != nil {
			t.Fatal(err)
		}
	}
	plan, err := Describe(g, map[string][]int{"x": {10, 8}})
	if err != nil {
		t.Fatal(err)
	}
	calls, flops := 0, 0
	for _, total := range r.Totals() {
		calls += total.Calls
		flops += total.FLOPs
	}
	if want := 3 * (len(plan.Steps) + 1); calls != want || flops != 3*plan.Cost.FLOPs || flops != 3*(2*10*8*4+40) {
		t.Errorf("%d spans, want %d; %d FLOPs of %d", calls, want, flops, 3*plan.Cost.FLOPs)
	}
}
