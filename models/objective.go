package models

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// Objective is the negative ELBO of a minibatch over the model's own weights: encoder, reparameterised sample, decoder,
// likelihood and closed-form KL in one graph. Its inputs are x [batch, row...], eps [batch, latent] and kl_weight.
// Params are the weights that the loss depends on; running statistics of BatchNormalization are not among them.
func (v *VAE) Objective() (*train.Objective, error) {
	g := graph.New(v.manifest.Name)
	o := &train.Objective{Graph: g, X: v.inputX(g)}
	eps := g.Input("eps", "batch", v.manifest.Latent)
	o.Noise = []*graph.Value{eps}
	o.KLWeight = g.InputOf(tensor.Float32, "kl_weight", graph.Shape{})

	x := v.preprocess(g, o.X)
	mean, logvar, err := v.encodeOn(g, x)
	if err != nil {
		return nil, fmt.Errorf("models: objective: %w", err)
	}
	logProb, err := v.logProbOn(g, x, Reparameterize(g, mean, logvar, eps))
	if err != nil {
		return nil, fmt.Errorf("models: objective: %w", err)
	}
	reconstruction := g.ReduceMean(logProb, false, 0)
	kl := g.ReduceMean(NormalKL(g, mean, logvar), false, 0)
	bound := g.Sub(reconstruction, kl)
	loss := g.Neg(g.Sub(reconstruction, g.Mul(o.KLWeight, kl)))

	o.Loss = g.Output("loss", loss)
	o.ELBO = g.Output("elbo", bound)
	o.Reconstruction = g.Output("reconstruction", reconstruction)
	o.KL = g.Output("kl", kl)
	o.Params = trainable(g)
	if err := g.Err(); err != nil {
		return nil, fmt.Errorf("models: objective: %w", err)
	}
	if len(o.Params) == 0 {
		return nil, fmt.Errorf("models: objective: the graphs hold no float32 weights to train; export them without constant folding (see docs/onnx.md)")
	}
	return o, nil
}

// trainable are the float32 weights of g but for BatchNormalization's running mean and variance, which the loss depends
// on and yet are no parameters.
func trainable(g *graph.Graph) []*graph.Value {
	running := map[*graph.Value]bool{}
	for _, n := range g.Nodes {
		if n.Op == "BatchNormalization" {
			running[n.Input(3)], running[n.Input(4)] = true, true
		}
	}
	var params []*graph.Value
	for _, w := range g.Weights {
		if w.DType == tensor.Float32 && !running[w] {
			params = append(params, w)
		}
	}
	return params
}
