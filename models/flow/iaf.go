package flow

import "github.com/elbo-ml/elbo/graph"

// IAF is a step of inverse autoregressive flow with a gate, as an LSTM has it (Kingma et al., 2016, algorithm 1):
//
//	[m, s] = AR(z, h),  sigma = sigmoid(s),  z1 = sigma z + (1 - sigma) m,  log det = sum log sigma
//
// s starts near Gate, so that a fresh step leaves most of z as it is. All units are computed at once: it samples fast, and
// is inverted unit by unit.
type IAF struct {
	// Net predicts m and s; nil is MADE{}.
	Net Autoregressive
	// Reverse turns the order of the units round first, as every step but the first does.
	Reverse bool
}

// gate is where s starts: sigmoid(1.5) = 0.82. The paper has it at +1 to +2.
const gate = 1.5

// Apply is the step.
func (f IAF) Apply(g *graph.Graph, name string, z, context *graph.Value) (z1, logdet *graph.Value) {
	z = reversed(g, z, f.Reverse)
	m, s := f.predict(g, name, z, context)
	z1 = g.Add(m, g.Mul(g.Sigmoid(s), g.Sub(z, m)))
	return z1, g.Neg(sum(g, g.Softplus(g.Neg(s)))) // log sigmoid(s) = -softplus(-s)
}

// Invert finds z unit by unit: z = m + (z1 - m)/sigma, where m and sigma of a unit follow from the units before it.
func (f IAF) Invert(g *graph.Graph, name string, z1, context *graph.Value) *graph.Value {
	z := solve(g, z1, func(z *graph.Value) *graph.Value {
		m, s := f.predict(g, name, z, context)
		return g.Add(m, g.Div(g.Sub(z1, m), g.Sigmoid(s)))
	})
	return reversed(g, z, f.Reverse)
}

func (f IAF) predict(g *graph.Graph, name string, z, context *graph.Value) (m, s *graph.Value) {
	out := net(f.Net).Predict(g, name, z, context, "m", "s")
	return out[0], g.Add(out[1], g.Scalar(gate, z))
}

func net(n Autoregressive) Autoregressive {
	if n == nil {
		return MADE{}
	}
	return n
}

// solve finds z of as many units as z1 has with z = step(z), where unit i of step(z) depends on the units before it alone:
// after pass i the first i units are right, whatever z was at first.
func solve(g *graph.Graph, z1 *graph.Value, step func(z *graph.Value) *graph.Value) *graph.Value {
	z := g.ZerosLike(z1)
	for range units(g, "inverse", z1) {
		z = step(z)
	}
	return z
}
