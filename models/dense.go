package models

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
)

// denseEncoder is x [batch, shape...] -> fc1, fc2, ... [batch, units].
func denseEncoder(g *graph.Graph, c Config) *graph.Value {
	h := g.Input("x", batched(c.Shape)...)
	if len(c.Shape) > 1 {
		h = g.Flatten(h, 1)
	}
	for i, units := range c.Hidden {
		h = c.activate(g, c.Layers.Dense(g, fmt.Sprintf("fc%d", i+1), h, units))
	}
	return h
}

// denseDecoder is h [batch, features] -> the encoder's layers backwards -> one layer per parameter of p(x|z), in the shape
// of x.
func denseDecoder(g *graph.Graph, c Config, h *graph.Value) []*graph.Value {
	for i := range c.Hidden {
		h = c.activate(g, c.Layers.Dense(g, fmt.Sprintf("fc%d", i+1), h, c.Hidden[len(c.Hidden)-1-i]))
	}
	size := rowSize(c.Shape)
	return c.heads(func(name string, copies int) *graph.Value {
		out := g.Dense(name, h, copies*size)
		if len(c.Shape) > 1 {
			shape := append([]int{-1}, c.Shape...)
			shape[1] *= copies
			out = g.Reshape(out, g.Int64s(shape...))
		}
		return out
	})
}

// heads makes one output per parameter of the likelihood, which has so many numbers for each element of x: the first of
// the row's axes is that many times as long.
func (c Config) heads(layer func(name string, copies int) *graph.Value) []*graph.Value {
	var out []*graph.Value
	for _, name := range likelihoods[c.Likelihood].params {
		out = append(out, layer(name, c.copies()))
	}
	return out
}

// copies is how many numbers a parameter of the likelihood has for each element of x.
func (c Config) copies() int {
	if likelihoods[c.Likelihood].mixed {
		return c.Components
	}
	return 1
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
