package models

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
)

// Composed are the graphs that the parts of a model make together, for programs that know nothing of bundles:
//
//	posterior: x [batch, row...], eps [batch, latent] -> z [batch, latent], log_q [batch], log_p [batch]
//	sampler:   eps [batch, noise] -> z [batch, latent], mean [batch, row...]
//
// x and mean are data in [0,1], eps is standard normal, log_q = log q(z|x) and log_p = log p(z) in nats, and mean is E[x|z]
// for a z of the prior; an autoregressive decoder, which takes a pass for each pixel, leaves it away. noise is latent, and
// one more under a VampPrior.
func (v *VAE) Composed() (map[string]*graph.Graph, error) {
	all := map[string]*graph.Graph{}
	for name, write := range map[string]func(*graph.Graph) error{"posterior": v.writePosterior, "sampler": v.writeSampler} {
		g := graph.New(name)
		g.Producer = "elbo"
		err := write(g)
		if err == nil {
			err = g.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("models: compose the %s: %w", name, err)
		}
		all[name] = g
	}
	return all, nil
}

func (v *VAE) writePosterior(g *graph.Graph) error {
	x, eps := v.inputX(g), g.Input("eps", "batch", v.manifest.Latent)
	features, err := v.latents.encode(g, v.preprocess(g, x))
	if err != nil {
		return err
	}
	draw, err := v.latents.infer(g, features, eps)
	if err != nil {
		return err
	}
	g.Output("z", draw.z)
	g.Output("log_q", draw.logq)
	g.Output("log_p", draw.logp)
	return nil
}

func (v *VAE) writeSampler(g *graph.Graph) error {
	z, err := v.latents.generate(g, g.Input("eps", "batch", v.latents.noise()))
	if err != nil {
		return err
	}
	g.Output("z", z)
	if v.autoregressive() {
		return nil
	}
	mean, err := v.meanOn(g, z)
	if err != nil {
		return err
	}
	g.Output("mean", mean)
	return nil
}
