package train

import (
	"math"

	"github.com/elbo-ml/elbo/graph"
)

// logAlphaOf is log alpha of its logit, alpha = sigmoid(logit): below 1 whatever that is, and with a gradient everywhere.
func logAlphaOf(g *graph.Graph, logit *graph.Value) *graph.Value {
	return g.Neg(g.Softplus(g.Neg(logit)))
}

// The coefficients of arXiv 1506.02557, eq. 14.
const boundedC1, boundedC2, boundedC3 = 1.161451241083230, -1.502041176441722, 0.586299206427007

// boundedKL is the KL of each weights for each element of logit, from the log-uniform prior where alpha = sigmoid(logit) <= 1
// (arXiv 1506.02557, eq. 14), less its value at alpha = 1:
//
//	-KL = log(alpha)/2 + c1 (alpha - 1) + c2 (alpha^2 - 1) + c3 (alpha^3 - 1)
func boundedKL(g *graph.Graph, logit *graph.Value, each float64) *graph.Value {
	number := func(x float64) *graph.Value { return g.Scalar(x, logit) }
	alpha := g.Sigmoid(logit)
	poly := g.Mul(alpha, g.Add(number(boundedC1), g.Mul(alpha, g.Add(number(boundedC2), g.Mul(alpha, number(boundedC3))))))
	negative := g.Sub(g.Add(g.Half(logAlphaOf(g, logit)), poly), number(boundedC1+boundedC2+boundedC3))
	return g.Mul(g.ReduceSum(negative, false), number(-each))
}

// The coefficients of arXiv 1701.05369, eq. 14.
const sparseK1, sparseK2, sparseK3 = 0.63576, 1.8732, 1.48695

// tiny is added to the square of a weight before its logarithm is taken.
const tiny = 1e-8

// sparseKL is the KL of the weights N(w, exp(logVariance)) from the log-uniform prior (arXiv 1701.05369, eq. 14):
//
//	-KL = k1 sigmoid(k2 + k3 log alpha) - log(1 + 1/alpha)/2 - k1,  log alpha = logVariance - log(w^2)
//
// summed over the weights.
func sparseKL(g *graph.Graph, w, logVariance *graph.Value) *graph.Value {
	number := func(x float64) *graph.Value { return g.Scalar(x, w) }
	less := g.Sub(g.Log(g.Add(g.Square(w), number(tiny))), logVariance) // -log alpha
	// k1 - k1 sigmoid(s) = k1 sigmoid(-s), and log(1 + 1/alpha) = softplus(-log alpha).
	rise := g.Mul(number(sparseK1), g.Sigmoid(g.Sub(g.Mul(number(sparseK3), less), number(sparseK2))))
	return g.ReduceSum(g.Add(rise, g.Half(g.Softplus(less))), false)
}

// gaussianKL is the KL of the weights N(w, exp(logVariance)) from N(0, prior^2), summed over the weights:
//
//	(w^2 + sigma^2)/(2 prior^2) - 1/2 - log(sigma/prior)
func gaussianKL(g *graph.Graph, w, logVariance *graph.Value, prior float64) *graph.Value {
	number := func(x float64) *graph.Value { return g.Scalar(x, w) }
	scaled := g.Mul(g.Add(g.Square(w), g.Exp(logVariance)), number(1/(prior*prior)))
	return g.Half(g.ReduceSum(g.Sub(scaled, g.Add(logVariance, number(1-2*math.Log(prior)))), false))
}

// sumKL sets the KL of the graph: that of its layers, spread over the examples.
func (r *rewriter) sumKL() {
	var total *graph.Value
	for _, l := range r.out.Layers {
		switch {
		case l.KL == nil:
		case total == nil:
			total = l.KL
		default:
			total = r.g.Add(total, l.KL)
		}
	}
	if total != nil {
		r.out.KL = r.g.Div(total, r.g.Scalar(float64(r.Examples), total))
	}
}
