package models

import "github.com/elbo-ml/elbo/graph"

// A mixture of K discretised logistics has its components along the second axis: logits, mean and logscale are
// [batch, K, ...], x is [batch, ...], and each element of x has a mixture of its own (Salimans et al., 2017, section 2.1,
// without the ties between colours).

// LogisticMixtureLogProb is log p(x) of each row, in nats: [batch].
//
//	p(x_i) = sum_k softmax(l_i)_k p(x_i | mean_ik, logscale_ik)
//
// with the masses of DiscretizedLogisticLogProb, so that the 256 bins of an element sum to 1.
func LogisticMixtureLogProb(g *graph.Graph, x, logits, mean, logscale *graph.Value) *graph.Value {
	inside := discretizedLogisticTerms(g, g.Unsqueeze(x, 1), mean, logscale)
	return sumRows(g, g.ReduceLogSumExp(g.Add(g.LogSoftmax(logits, 1), inside), false, 1))
}

// LogisticMixtureMean is the mean of each element before it is rounded: [batch, ...].
//
//	sum_k softmax(l_i)_k mean_ik
func LogisticMixtureMean(g *graph.Graph, logits, mean *graph.Value) *graph.Value {
	return g.ReduceSum(g.Mul(g.Softmax(logits, 1), mean), false, 1)
}

// LogisticMixtureSample draws x, [batch, ...], of pick [batch, K, ...] and u [batch, ...], uniform in [0, 1): pick chooses
// a component for each element, and u its place.
func LogisticMixtureSample(g *graph.Graph, logits, mean, logscale, pick, u *graph.Value) *graph.Value {
	chosen := choose(g, logits, pick, 1)
	of := func(v *graph.Value) *graph.Value { return g.ReduceSum(g.Mul(chosen, v), false, 1) }
	return DiscretizedLogisticSample(g, of(mean), of(logscale), u)
}
