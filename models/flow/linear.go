package flow

import (
	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models/layer"
)

// LinearIAF is the linear inverse autoregressive flow (Kingma et al., 2016, appendix A; Tomczak and Welling, 2016):
//
//	z1 = L(h) z,  L lower triangular with ones on its diagonal,  log det = 0
//
// One step turns a diagonal Gaussian into one of full covariance. Without a context L is the same for all x.
type LinearIAF struct {
	// Reverse turns the order of the units round first.
	Reverse bool
}

// Apply is the step.
func (f LinearIAF) Apply(g *graph.Graph, name string, z, context *graph.Value) (z1, logdet *graph.Value) {
	z = reversed(g, z, f.Reverse)
	z1 = g.Add(z, f.mix(g, name, z, context))
	return z1, sum(g, g.Mul(z, g.Scalar(0, z)))
}

// Invert solves the triangular system unit by unit.
func (f LinearIAF) Invert(g *graph.Graph, name string, z1, context *graph.Value) *graph.Value {
	z := solve(g, z1, func(z *graph.Value) *graph.Value { return g.Sub(z1, f.mix(g, name, z, context)) })
	return reversed(g, z, f.Reverse)
}

// mix is (L - I) z.
func (f LinearIAF) mix(g *graph.Graph, name string, z, context *graph.Value) *graph.Value {
	n := units(g, "LinearIAF", z)
	below := visible(g, degrees(1, n, n), degrees(1, n, n), true, z.DType)
	if context == nil {
		l := g.Mul(layer.Weight(g, name+"/l.weight", tenth*n, n, n), below)
		return g.Linear(z, l, nil)
	}
	features := units(g, "LinearIAF "+name+", context", context)
	w := layer.Weight(g, name+"/l.weight", tenth*features, n*n, features)
	l := g.Linear(context, w, layer.Weight(g, name+"/l.bias", tenth*n, n*n))
	l = g.Mul(g.Reshape(l, g.Int64s(-1, n, n)), below)
	return g.Squeeze(g.MatMul(l, g.Unsqueeze(z, 2)), 2)
}
