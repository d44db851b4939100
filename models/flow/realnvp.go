package flow

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models/layer"
)

// RealNVP is an affine coupling (Dinh et al., 2017): half of the units pass, and say how the others are scaled and moved.
//
//	a, b = halves of z,  [s, t] = NN(a, h),  z1 = [a, b exp(s) + t],  log det = sum s
//
// It and its inverse are one pass each. z has at least two units.
type RealNVP struct {
	// Hidden are the units of the network's layers; nil means two of 320.
	Hidden []int
	// Layers makes the layers; nil makes plain ones.
	Layers *layer.Builder
	// Reverse turns the order of the units round first, so that the other half is changed.
	Reverse bool
}

// Apply is the step.
func (f RealNVP) Apply(g *graph.Graph, name string, z, context *graph.Value) (z1, logdet *graph.Value) {
	a, b := halves(g, reversed(g, z, f.Reverse))
	s, t := f.predict(g, name, a, b, context)
	return g.Concat(1, a, g.Add(g.Mul(b, g.Exp(s)), t)), sum(g, s)
}

// Invert is b = (b1 - t) exp(-s).
func (f RealNVP) Invert(g *graph.Graph, name string, z1, context *graph.Value) *graph.Value {
	a, b := halves(g, z1)
	s, t := f.predict(g, name, a, b, context)
	return reversed(g, g.Concat(1, a, g.Mul(g.Sub(b, t), g.Exp(g.Neg(s)))), f.Reverse)
}

func halves(g *graph.Graph, z *graph.Value) (a, b *graph.Value) {
	n := units(g, "RealNVP", z)
	if n < 2 {
		g.Fail(fmt.Errorf("flow: RealNVP: z %v has no two halves", z))
		return z, z
	}
	parts := g.Split(z, 1, n/2, n-n/2)
	return parts[0], parts[1]
}

func (f RealNVP) predict(g *graph.Graph, name string, a, b, context *graph.Value) (s, t *graph.Value) {
	hidden := f.Hidden
	if hidden == nil {
		hidden = []int{320, 320}
	}
	h := a
	for i, width := range hidden {
		h = f.Layers.Dense(g, fmt.Sprintf("%s/fc%d", name, i+1), h, width)
		if i == 0 && context != nil {
			h = g.Add(h, f.Layers.Dense(g, name+"/context", context, width))
		}
		h = activate(g, h)
	}
	in, n := units(g, "RealNVP", h), units(g, "RealNVP", b)
	head := func(output string) *graph.Value {
		w := layer.Weight(g, name+"/"+output+".weight", tenth*in, n, in)
		return g.Linear(h, w, layer.Weight(g, name+"/"+output+".bias", tenth*in, n))
	}
	return bounded(g, head("s")), head("t")
}
