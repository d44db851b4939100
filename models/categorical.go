package models

import "github.com/elbo-ml/elbo/graph"

// Categorical variables are one-hot along the last axis: x, logits and prior logits are [batch, ..., classes], and what
// is summed over all but the first axis is [batch], in nats. Logits need not be normalised.

// CategoricalLogProb is log p(x) of each row. x may hold probabilities in place of a single 1: the result is then the
// expected log p.
//
//	log p = sum_i sum_c x_ic logsoftmax(l_i)_c
func CategoricalLogProb(g *graph.Graph, x, logits *graph.Value) *graph.Value {
	return sumRows(g, g.Mul(x, g.LogSoftmax(logits, -1)))
}

// CategoricalEntropy is the entropy of each row.
//
//	H = -sum_i sum_c p_ic log p_ic, p_i = softmax(l_i)
func CategoricalEntropy(g *graph.Graph, logits *graph.Value) *graph.Value {
	return g.Neg(sumRows(g, g.Mul(g.Softmax(logits, -1), g.LogSoftmax(logits, -1))))
}

// CategoricalKL is KL(p || q) of each row, with the logits a of p and b of q.
//
//	KL = sum_i sum_c p_ic (log p_ic - log q_ic)
func CategoricalKL(g *graph.Graph, a, b *graph.Value) *graph.Value {
	return sumRows(g, g.Mul(g.Softmax(a, -1), g.Sub(g.LogSoftmax(a, -1), g.LogSoftmax(b, -1))))
}

// CategoricalSample is a one-hot draw of each variable when u, of the shape of logits, is uniform in [0, 1): the class
// where logits - log(-log u) is largest (Gumbel, 1954). It passes no gradient.
func CategoricalSample(g *graph.Graph, logits, u *graph.Value) *graph.Value {
	return choose(g, logits, u, -1)
}

// choose is one-hot along the axis.
func choose(g *graph.Graph, logits, u *graph.Value, axis int) *graph.Value {
	score := g.Sub(logits, g.Log(g.Neg(g.Log(positive(g, u)))))
	return g.Cast(g.GreaterOrEqual(score, g.ReduceMax(score, true, axis)), logits.DType)
}

// positive is u with half a unit of the last of its 24 bits in place of 0, whose logarithm a draw cannot take.
func positive(g *graph.Graph, u *graph.Value) *graph.Value {
	return g.Max(u, g.Scalar(1.0/(1<<25), u))
}
