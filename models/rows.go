package models

import "github.com/elbo-ml/elbo/graph"

// sumRows sums x over every axis but the first: [batch, ...] to [batch].
func sumRows(g *graph.Graph, x *graph.Value) *graph.Value {
	axes := make([]int, 0, 3)
	for i := 1; i < x.Rank(); i++ {
		axes = append(axes, i)
	}
	if len(axes) == 0 {
		return x
	}
	return g.ReduceSum(x, false, axes...)
}
