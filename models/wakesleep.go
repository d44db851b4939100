package models

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/train"
)

// WakeSleep trains a VAE by the wake-sleep algorithm (Hinton, Dayan, Frey and Neal, 1995) instead of its bound, to compare
// with: train.Fit(ctx, models.WakeSleep(vae), data, options). Both phases are one step,
//
//	wake   x from the data, z ~ q(z|x):     the decoder's weights raise log p(x|z)
//	sleep  z ~ N(0, I), x ~ p(x|z), a dream: the encoder's weights raise log q(z|x)
//
// so that as many datapoints are seen, and as many samples drawn, as by the bound. The loss is the sum of both with its sign
// changed and has no bound to it; what is reported as the ELBO is that of the wake phase's datapoints, and the term
// "wake_sleep/dream" is log q(z|x) of the dreams.
func WakeSleep(v *VAE) train.Model { return wakeSleep{v} }

type wakeSleep struct{ *VAE }

// Objective is that of both phases. The samples z and x are constants to the gradient.
func (w wakeSleep) Objective() (*train.Objective, error) {
	v := w.VAE
	g := graph.New(v.manifest.Name)
	o := &train.Objective{Graph: g, X: v.inputX(g)}
	eps, z := g.Input("wake/eps", "batch", v.manifest.Latent), g.Input("sleep/z", "batch", v.manifest.Latent)
	o.Noise = []*graph.Value{eps, z}
	fail := func(err error) (*train.Objective, error) { return nil, fmt.Errorf("models: wake-sleep: %w", err) }

	x := v.preprocess(g, o.X)
	mean, logvar, err := v.encodeOn(g, x)
	if err != nil {
		return fail(err)
	}
	sample := Reparameterize(g, mean, logvar, eps)
	logProb, err := v.logProbOn(g, x, sample)
	if err != nil {
		return fail(err)
	}
	if v.autoregressive() {
		return fail(fmt.Errorf("the decoder draws one pixel after the other, so that it cannot dream of a datapoint in one step"))
	}
	dream, err := v.drawOn(g, nil, z, dreamed(o, likelihoods[v.manifest.Likelihood].normal))
	if err != nil {
		return fail(err)
	}
	dreamMean, dreamLogvar, err := v.encodeOn(g, dream)
	if err != nil {
		return fail(err)
	}
	o.Stopped = []*graph.Value{sample, dream}
	reconstruction := g.ReduceMean(logProb, false, 0)
	recognised := g.ReduceMean(NormalLogProb(g, z, dreamMean, dreamLogvar), false, 0)
	kl := g.ReduceMean(NormalKL(g, mean, logvar), false, 0)

	o.Loss = g.Output("loss", g.Neg(g.Add(reconstruction, recognised)))
	o.ELBO = g.Output("elbo", g.Sub(reconstruction, kl))
	o.Reconstruction = g.Output("reconstruction", reconstruction)
	o.KL = g.Output("kl", kl)
	o.Terms = []*graph.Value{g.Output("wake_sleep/dream", recognised)}
	o.Params = trainable(g)
	if err := g.Err(); err != nil {
		return fail(err)
	}
	return o, nil
}

// dreamed is noise for a draw of the likelihood: an input of the objective.
func dreamed(o *train.Objective, normal bool) noises {
	kind, inputs := "uniform", &o.Uniform
	if normal {
		kind, inputs = "normal", &o.Noise
	}
	return func(like *graph.Value) *graph.Value {
		in := o.Graph.InputOf(like.DType, o.Graph.Fresh("sleep/"+kind), withBatch(like.Shape))
		*inputs = append(*inputs, in)
		return in
	}
}

// drawOn appends the decoder, applied to z, and a draw from p(x|z) in the encoder's units; the decoder reads x where it is
// autoregressive.
func (v *VAE) drawOn(g *graph.Graph, x, z *graph.Value, noise noises) (*graph.Value, error) {
	params, err := v.paramsOn(g, x, z)
	if err != nil {
		return nil, err
	}
	if v.prob != nil {
		drawn := g.Cast(g.Less(noise(params[0]), params[0]), params[0].DType)
		return asRows(g, drawn, v.xRow), nil
	}
	return asRows(g, likelihoods[v.manifest.Likelihood].draw(g, params, noise), v.xRow), nil
}
