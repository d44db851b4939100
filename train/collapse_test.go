package train

import (
	"context"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
)

// posteriors is a model of two latent layers whose KLs are a^2 / 2 and b^2 / 2 + 1, at a = b = 0, so that the first collapses.
type posteriors struct{ mark bool }

func (p *posteriors) Updated() {}
func (p *posteriors) Objective() (*Objective, error) {
	g := graph.New("posteriors")
	x := g.Input("x", "batch", 4, 4)
	a, b := g.InitWeight("a", 1, 1), g.InitWeight("b", 1, 1)
	half := func(v *graph.Value) *graph.Value { return g.Half(g.ReduceSum(g.Square(v), false)) }
	first, second := half(a), g.Add(half(b), g.Scalar(1, b))
	rec := g.Neg(g.ReduceMean(g.Square(x), false))
	kl := g.Add(first, second)
	o := &Objective{Graph: g, X: x, Reconstruction: rec, KL: g.Output("kl", kl), ELBO: g.Output("elbo", g.Sub(rec, kl)), Loss: g.Output("loss", g.Sub(kl, rec)),
		Terms: []*graph.Value{g.Output("kl1", first), g.Output("kl2", second)}, Params: []*graph.Value{a, b}}
	if p.mark {
		o.LatentKL = o.Terms
	}
	return o, g.Err()
}

func TestACollapseIsToldOnce(t *testing.T) {
	for mark, want := range map[bool]int{true: 1, false: 0} {
		r, err := Fit(context.Background(), &posteriors{mark: mark}, stripes{20}, Options{Epochs: 3, Batch: 5, Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Notes) != want || want > 0 && (!strings.Contains(r.Notes[0], `"kl1"`) || !strings.Contains(r.Notes[0], "epoch 1")) {
			t.Errorf("marked %v, the notes are %q", mark, r.Notes)
		}
	}
}
