package models

import (
	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/train"
)

// dreg is a loss whose value is the negative bound and whose gradient is the doubly reparameterised one (Tucker et al.,
// 2018, eq. 8): with w~_i = w_i / sum_j w_j,
//
//	d theta: sum_i w~_i d log w_i / d theta,  d phi: sum_i w~_i^2 (d log w_i / d z_i) (d z_i / d phi)
//
// where log w_i = log p(x|z_i) + log p(z_i) - log q(z_i|x) depends on phi through z_i alone. G_i = w~_i d log w_i / d z_i is
// written into the graph by train.Gradients; what is to count as a constant is stopped.
func (w *objective) dreg(draw *inference, value *graph.Value) (*graph.Value, error) {
	g := w.g
	z, mean, logvar := w.stopped(draw.z), w.stopped(w.features[0]), w.stopped(w.features[1])
	logProb, err := w.v.logProbOn(g, w.x, z)
	if err != nil {
		return nil, err
	}
	logp, err := w.v.latents.logPrior(g, z)
	if err != nil {
		return nil, err
	}
	ratio := g.Sub(logp, NormalLogProb(g, z, mean, logvar))
	logw := g.Reshape(g.Add(logProb, g.Mul(w.o.KLWeight, ratio)), g.Int64s(-1, w.k))
	weight := w.stopped(g.Softmax(logw, 1)) // [batch, k]
	model := g.ReduceSum(g.Mul(weight, logw), false)
	slope, err := train.Gradients(g, model, []*graph.Value{z}, w.o.Stopped...)
	if err != nil {
		return nil, err
	}
	each := g.Reshape(weight, g.Int64s(-1, 1))
	encoder := g.ReduceSum(g.Mul(w.stopped(g.Mul(each, slope[0])), draw.z), false)
	rows := g.Cast(g.Size(g.ReduceSum(weight, false, 1)), weight.DType)
	both := g.Div(g.Add(model, encoder), rows)
	return g.Neg(g.Add(w.stopped(value), g.Sub(both, w.stopped(both)))), nil
}

// stopped is x, taken as a constant by the gradient.
func (w *objective) stopped(x *graph.Value) *graph.Value {
	y := w.g.Identity(x)
	w.o.Stopped = append(w.o.Stopped, y)
	return y
}
