package flow

import "github.com/elbo-ml/elbo/graph"

// MAF is a step of masked autoregressive flow (Papamakarios et al., 2017):
//
//	[m, a] = AR(z, h),  z1 = (z - m) exp(-a),  log det = -sum a
//
// Read as a map from data to noise it is a density that is fast to evaluate and is sampled unit by unit, by Invert: where
// IAF is of use as a posterior, it is of use as a prior.
type MAF struct {
	// Net predicts m and a; nil is MADE{}.
	Net Autoregressive
	// Reverse turns the order of the units round first, as every step but the first does.
	Reverse bool
}

// Apply is the step.
func (f MAF) Apply(g *graph.Graph, name string, z, context *graph.Value) (z1, logdet *graph.Value) {
	z = reversed(g, z, f.Reverse)
	m, a := f.predict(g, name, z, context)
	return g.Mul(g.Sub(z, m), g.Exp(g.Neg(a))), g.Neg(sum(g, a))
}

// Invert finds z unit by unit: z = m + z1 exp(a).
func (f MAF) Invert(g *graph.Graph, name string, z1, context *graph.Value) *graph.Value {
	z := solve(g, z1, func(z *graph.Value) *graph.Value {
		m, a := f.predict(g, name, z, context)
		return g.Add(m, g.Mul(z1, g.Exp(a)))
	})
	return reversed(g, z, f.Reverse)
}

func (f MAF) predict(g *graph.Graph, name string, z, context *graph.Value) (m, a *graph.Value) {
	out := net(f.Net).Predict(g, name, z, context, "m", "a")
	return out[0], bounded(g, out[1])
}

// bounded keeps a logarithm of a scale within -3 to 3, smoothly: a scale that runs away takes everything along.
func bounded(g *graph.Graph, a *graph.Value) *graph.Value {
	three := g.Scalar(3, a)
	return g.Mul(three, g.Tanh(g.Div(a, three)))
}
