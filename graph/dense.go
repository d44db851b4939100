package graph

import "github.com/elbo-ml/elbo/tensor"

// Init makes the first value of a weight. fanIn is the number of inputs that one output of the layer adds up.
// Initialisers are in package models; whoever builds a graph with layers sets Graph.Init first.
type Init func(name string, fanIn int, shape ...int) *tensor.Tensor

// Dense is the layer x w^T + b for x [n, in], giving [n, units]. It makes the weights name.weight [units, in] and
// name.bias [units], as PyTorch names and lays them out, and fills them by g.Init (zeros where that is nil).
func (g *Graph) Dense(name string, x *Value, units int) *Value {
	in := 0
	if len(x.Shape) == 2 {
		in, _ = x.Shape[1].Known()
	}
	if in == 0 || units <= 0 {
		g.Fail(layerError("Dense", name, x, "the input must be [batch, features] with the number of features known, and units positive"))
		return x
	}
	w := g.InitWeight(name+".weight", in, units, in)
	return g.Linear(x, w, g.InitWeight(name+".bias", in, units))
}

// InitWeight adds a weight and fills it by g.Init: zeros where that is nil.
func (g *Graph) InitWeight(name string, fanIn int, shape ...int) *Value {
	if g.Init == nil {
		return g.Weight(name, tensor.New(tensor.Float32, shape...))
	}
	return g.Weight(name, g.Init(g.scoped(name), fanIn, shape...))
}
