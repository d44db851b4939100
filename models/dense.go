package models

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
)

// denseEncoder is x [batch, shape...] -> fc1, fc2, ... -> mean, logvar [batch, latent].
func denseEncoder(g *graph.Graph, c Config) (mean, logvar *graph.Value) {
	h := g.Input("x", batched(c.Shape)...)
	if len(c.Shape) > 1 {
		h = g.Flatten(h, 1)
	}
	for i, units := range c.Hidden {
		h = c.activate(g, g.Dense(fmt.Sprintf("fc%d", i+1), h, units))
	}
	return g.Dense("mean", h, c.Latent), g.Dense("logvar", h, c.Latent)
}

// denseDecoder is z [batch, latent] -> the encoder's layers backwards -> one layer per parameter of p(x|z), in the shape
// of x.
func denseDecoder(g *graph.Graph, c Config) []*graph.Value {
	h := g.Input("z", "batch", c.Latent)
	for i := range c.Hidden {
		h = c.activate(g, g.Dense(fmt.Sprintf("fc%d", i+1), h, c.Hidden[len(c.Hidden)-1-i]))
	}
	size := rowSize(c.Shape)
	return c.heads(func(name string) *graph.Value {
		out := g.Dense(name, h, size)
		if len(c.Shape) > 1 {
			out = g.Reshape(out, g.Int64s(append([]int{-1}, c.Shape...)...))
		}
		return out
	})
}

// heads makes one output per parameter of the likelihood.
func (c Config) heads(layer func(name string) *graph.Value) []*graph.Value {
	var out []*graph.Value
	for _, name := range likelihoods[c.Likelihood].params {
		out = append(out, layer(name))
	}
	return out
}

func (c Config) activate(g *graph.Graph, x *graph.Value) *graph.Value {
	return g.Node(activations[c.Activation], nil, x)
}

// batched is a row's shape with the batch axis in front, as Graph.Input takes it.
func batched(shape []int) []any {
	dims := []any{"batch"}
	for _, n := range shape {
		dims = append(dims, n)
	}
	return dims
}

func rowSize(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
