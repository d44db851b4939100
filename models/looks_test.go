package models

import (
	"slices"
	"testing"

	"github.com/elbo-ml/elbo/graph"
)

func TestLooks(t *testing.T) {
	// sampler is mean + scale*eps of heads on h.
	sampler := func(g *graph.Graph, name string, h, eps *graph.Value) *graph.Value {
		return g.Add(g.Dense(name+"_mean", h, 4), g.Mul(g.Exp(g.Half(g.Dense(name+"_logvar", h, 4))), eps))
	}
	// step is z*gate + (1-gate)*m, with gate and m computed from z and the context.
	step := func(g *graph.Graph, name string, z, context *graph.Value) *graph.Value {
		h := g.Tanh(g.Add(g.Dense(name+"_in", z, 8), g.Dense(name+"_context", context, 8)))
		gate := g.Sigmoid(g.Dense(name+"_gate", h, 4))
		return g.Add(g.Mul(gate, z), g.Mul(g.Sub(g.Scalar(1, gate), gate), g.Dense(name+"_shift", h, 4)))
	}
	for _, c := range []struct {
		name  string
		build func(g *graph.Graph)
		want  []Look
	}{
		{"an encoder by its names", func(g *graph.Graph) {
			h := g.Tanh(g.Dense("fc", g.Input("x", "n", 6), 5))
			g.Output("mu", g.Dense("mu", h, 4))
			g.Output("logvar", g.Dense("logvar", h, 4))
		}, []Look{{"encoder", "x to mean and spread of mu float32[n,4]", 4, 35 + 24 + 24}}},
		{"a decoder by its names", func(g *graph.Graph) {
			g.Output("logits", g.Dense("fc", g.Input("z", "n", 4), 6))
		}, []Look{{"decoder", "z float32[n,4] to logits [n,6] of p(x|z), bernoulli", 1, 30}}},
		{"a decoder whose likelihood nothing tells", func(g *graph.Graph) {
			g.Output("y", g.Dense("fc", g.Input("z", "n", 4), 6))
		}, []Look{{"decoder", "z float32[n,4] to y [n,6]", 1, 30}}},
		{"a VAE that draws its noise", func(g *graph.Graph) {
			x := g.Input("x", "n", 6)
			z := sampler(g, "q", x, g.Node("RandomNormalLike", nil, g.Slice(x, []int{0}, []int{4}, []int{1})))
			if err := g.Rename(z, "z"); err != nil {
				t.Fatal(err)
			}
			g.Output("logits", g.Dense("fc", z, 6))
		}, []Look{{"encoder", "x to mean and scale of z[n,4]", 8, 56}, {"decoder", "latents to logits [n,6]", 1, 30}}},
		{"a posterior with two steps of a flow", func(g *graph.Graph) {
			x, eps := g.Input("x", "n", 6), g.Input("eps", "n", 4)
			z := sampler(g, "q", x, eps)
			if err := g.Rename(z, "z0"); err != nil {
				t.Fatal(err)
			}
			g.Output("z", step(g, "b", step(g, "a", z, x), x))
		}, []Look{{"encoder", "x to mean and scale of z0[n,4]", 6, 56}, {"flow", "2 steps of [n,4]", 22, 2 * (40 + 56 + 36 + 36)}}},
		{"a prior that reads no data", func(g *graph.Graph) {
			eps := g.Input("eps_2", "n", 4)
			top := g.Input("eps_1", "n", 4)
			z := sampler(g, "p", g.Tanh(top), eps)
			if err := g.Rename(z, "z"); err != nil {
				t.Fatal(err)
			}
			g.Output("x", g.Dense("fc", z, 6))
		}, []Look{{"prior", "no data to mean and scale of z[n,4]", 7, 40}, {"decoder", "latents to x [n,6]", 1, 30}}},
		{"a swish is no flow", func(g *graph.Graph) {
			a := g.Input("a", "n", 6)
			g.Output("y", g.Add(g.Mul(a, g.Sigmoid(a)), a))
		}, []Look{}},
	} {
		g := graph.New("g")
		g.Init = initializer(1)
		c.build(g)
		if err := g.Err(); err != nil {
			t.Fatal(err)
		}
		if got := Looks(g); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%+v, want\n%+v", c.name, got, c.want)
		}
	}
}
