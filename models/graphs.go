package models

import "github.com/elbo-ml/elbo/graph"

// Graph is one of the graphs that a model runs. Its weights are the model's own.
type Graph struct {
	// Part is "encode", "decode" or "likelihood".
	Part  string
	Graph *graph.Graph
}

// Graphs are the graphs that the model runs: encode takes x [batch, row...] to the posterior's mean and logvar
// [batch, latent], decode takes z [batch, latent] to E[x|z] [batch, row...], and likelihood takes x and z to log p(x|z)
// [batch]. Where the decoder is autoregressive, decode is one pass of Decode, from z and x to x. They are the encoder and the decoder of the files with what surrounds them: preprocessing, the likelihood.
func (v *VAE) Graphs() ([]Graph, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.closed {
		return nil, ErrClosed
	}
	var all []Graph
	for k, part := range []string{encode: "encode", decode: "decode", likelihood: "likelihood"} {
		g, err := v.build(kind(k))
		if err != nil {
			return nil, err
		}
		all = append(all, Graph{part, g})
	}
	return all, nil
}
