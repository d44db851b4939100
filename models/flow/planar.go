package flow

import (
	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models/layer"
)

// Planar is the planar flow (Rezende and Mohamed, 2015, eqs. 10 to 12):
//
//	z1 = z + u tanh(w'z + b),  log det = log |1 + (1 - tanh^2(w'z + b)) w'u|
//
// u is moved along w until w'u >= -1, which makes the step invertible: u + (softplus(w'u) - 1 - w'u) w/|w|^2. With a context
// u, w and b are predicted from it, and without one they are weights.
type Planar struct{}

// Apply is the step.
func (f Planar) Apply(g *graph.Graph, name string, z, context *graph.Value) (z1, logdet *graph.Value) {
	n := units(g, "Planar", z)
	u, w, b := f.of(g, name, "u", n, z, context), f.of(g, name, "w", n, z, context), f.of(g, name, "b", 1, z, context)
	one := g.Scalar(1, z)
	along := func(a, b *graph.Value) *graph.Value { return g.ReduceSum(g.Mul(a, b), true, 1) }
	wu, ww := along(w, u), g.Add(along(w, w), g.Scalar(1e-6, z))
	u = g.Add(u, g.Mul(g.Div(g.Sub(g.Sub(g.Softplus(wu), one), wu), ww), w))
	t := g.Tanh(g.Add(along(w, z), b))
	volume := g.Add(one, g.Mul(g.Sub(one, g.Square(t)), along(w, u)))
	return g.Add(z, g.Mul(u, t)), g.Squeeze(g.Log(g.Add(g.Abs(volume), g.Scalar(1e-7, z))), 1)
}

// of is a parameter of size units: [batch, size], or [1, size] without a context.
func (f Planar) of(g *graph.Graph, name, parameter string, size int, z, context *graph.Value) *graph.Value {
	name += "/" + parameter
	if context == nil {
		return layer.Weight(g, name+".weight", units(g, "Planar", z), 1, size)
	}
	return plain.Dense(g, name, context, size)
}
