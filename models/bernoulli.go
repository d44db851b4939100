package models

import "github.com/elbo-ml/elbo/graph"

// BernoulliLogProb is log p(x) of each row under independent coins whose log-odds are logits, in nats: [batch, ...]
// twice to [batch]. x may lie anywhere in [0,1]: it is then the mean of a coin, and the result the expected log p.
//
//	log p = sum_i x_i l_i - softplus(l_i)
func BernoulliLogProb(g *graph.Graph, x, logits *graph.Value) *graph.Value {
	return sumRows(g, g.Sub(g.Mul(x, logits), g.Softplus(logits)))
}

// BernoulliEntropy is the entropy of independent coins, summed over each row, in nats: [batch, ...] to [batch].
//
//	H = sum_i softplus(l_i) - l_i sigmoid(l_i)
func BernoulliEntropy(g *graph.Graph, logits *graph.Value) *graph.Value {
	return sumRows(g, g.Sub(g.Softplus(logits), g.Mul(logits, g.Sigmoid(logits))))
}

// BernoulliKL is KL(p || q) of independent coins with log-odds a under p and b under q, summed over each row, in nats:
// [batch, ...] twice to [batch].
//
//	KL = sum_i sigmoid(a_i) (a_i - b_i) + softplus(b_i) - softplus(a_i)
func BernoulliKL(g *graph.Graph, a, b *graph.Value) *graph.Value {
	return sumRows(g, g.Add(g.Mul(g.Sigmoid(a), g.Sub(a, b)), g.Sub(g.Softplus(b), g.Softplus(a))))
}

// BernoulliSample is 1 where u < sigmoid(logits) and 0 elsewhere: draws of the coins when u is uniform in [0, 1).
func BernoulliSample(g *graph.Graph, logits, u *graph.Value) *graph.Value {
	return g.Cast(g.Less(u, g.Sigmoid(logits)), logits.DType)
}

// minProb keeps log p finite where a decoder gives probabilities of exactly 0 or 1. 1-minProb is a float32 below 1.
const minProb = 1e-6

// BernoulliProbLogProb is BernoulliLogProb for decoders that give probabilities; they are clipped to
// [1e-6, 1-1e-6], so one pixel costs at most 13.8 nats. Logits lose nothing: prefer them.
func BernoulliProbLogProb(g *graph.Graph, x, prob *graph.Value) *graph.Value {
	one := g.Scalar(1, prob)
	p := g.Min(g.Max(prob, g.Scalar(minProb, prob)), g.Scalar(1-minProb, prob))
	on := g.Mul(x, g.Log(p))
	off := g.Mul(g.Sub(one, x), g.Log(g.Sub(one, p)))
	return sumRows(g, g.Add(on, off))
}
