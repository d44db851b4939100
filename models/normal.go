package models

import (
	"math"

	"github.com/elbo-ml/elbo/graph"
)

// NormalKL is KL(N(mean, exp(logvar)) || N(0, I)) of each row, in nats: [batch, latent] twice to [batch].
//
//	KL = 1/2 sum_j (mean_j^2 + exp(logvar_j) - 1 - logvar_j)
//
// Kingma and Welling, 2013, appendix B.
func NormalKL(g *graph.Graph, mean, logvar *graph.Value) *graph.Value {
	return sumRows(g, NormalUnitKL(g, mean, logvar))
}

// NormalUnitKL is NormalKL before the sum over units: [batch, latent].
func NormalUnitKL(g *graph.Graph, mean, logvar *graph.Value) *graph.Value {
	second := g.Add(g.Square(mean), g.Exp(logvar))
	return g.Half(g.Sub(g.Sub(second, g.Scalar(1, mean)), logvar))
}

// NormalsKL is KL(N(mean, exp(logvar)) || N(toMean, exp(toLogvar))) of each row, in nats: [batch, ...] four times to
// [batch]. In a hierarchical model the second is the prior of a layer given those above it.
//
//	KL = 1/2 sum_j (toLogvar_j - logvar_j + (exp(logvar_j) + (mean_j - toMean_j)^2) exp(-toLogvar_j) - 1)
func NormalsKL(g *graph.Graph, mean, logvar, toMean, toLogvar *graph.Value) *graph.Value {
	second := g.Add(g.Exp(g.Sub(logvar, toLogvar)), g.Mul(g.Square(g.Sub(mean, toMean)), g.Exp(g.Neg(toLogvar))))
	return sumRows(g, g.Half(g.Sub(g.Add(g.Sub(toLogvar, logvar), second), g.Scalar(1, mean))))
}

// NormalEntropy is the entropy of N(., exp(logvar)), summed over each row, in nats: [batch, ...] to [batch].
//
//	H = 1/2 sum_j (log(2 pi) + 1 + logvar_j)
func NormalEntropy(g *graph.Graph, logvar *graph.Value) *graph.Value {
	return sumRows(g, g.Half(g.Add(logvar, g.Scalar(math.Log(2*math.Pi)+1, logvar))))
}

// NormalLogProb is log N(x; mean, exp(logvar)) of each row, in nats: [batch, ...] three times to [batch]. It is the
// Gaussian likelihood of Kingma and Welling, 2013, appendix C.2, and the density of any diagonal posterior.
//
//	log p = -1/2 sum_i (log(2 pi) + logvar_i + (x_i - mean_i)^2 exp(-logvar_i))
func NormalLogProb(g *graph.Graph, x, mean, logvar *graph.Value) *graph.Value {
	distance := g.Mul(g.Square(g.Sub(x, mean)), g.Exp(g.Neg(logvar)))
	return sumRows(g, normalTerms(g, g.Add(logvar, distance)))
}

// StandardNormalLogProb is log N(z; 0, I) of each row, in nats: [batch, ...] to [batch].
func StandardNormalLogProb(g *graph.Graph, z *graph.Value) *graph.Value {
	return sumRows(g, normalTerms(g, g.Square(z)))
}

// normalTerms is -1/2 (log(2 pi) + t).
func normalTerms(g *graph.Graph, t *graph.Value) *graph.Value {
	return g.Mul(g.Add(t, g.Scalar(math.Log(2*math.Pi), t)), g.Scalar(-0.5, t))
}

// Reparameterize is z = mean + exp(logvar/2) * eps: a draw from N(mean, exp(logvar)) when eps is standard normal.
// Kingma and Welling, 2013, eq. 10.
func Reparameterize(g *graph.Graph, mean, logvar, eps *graph.Value) *graph.Value {
	return g.Add(mean, g.Mul(g.Exp(g.Half(logvar)), eps))
}
