// Package models holds variational autoencoders: building, opening, running, scoring and saving them.
//
// A model is ONNX graphs and a manifest: an encoder and a decoder at least, and the steps of a flow, a prior or further
// stochastic layers (docs/models.md has them all). The encoder takes x [batch, row...] to the posterior's mean and logvar
// [batch, latent]; the decoder takes z [batch, latent] to the parameters of p(x|z). Together in one folder, or in one
// .elbo file, they are a bundle:
//
//	vae, err := models.Open("mnist.elbo")
//	defer vae.Close()
//	q, err := vae.Encode(ctx, images)                  // q.Mean, q.LogVar: [n, latent]
//	digits, err := vae.Sample(ctx, 16, models.Seed(7)) // [16, row...]
//
// The distributions (NormalKL, BernoulliLogProb, ...) are functions that add ONNX nodes to a graph, so that an
// objective reads as the paper's formula and is differentiated, trained and exported like any other graph.
//
// Noise is drawn from a counter-based generator keyed by (seed, row, element): what is sampled for a row depends on
// neither the batch it is computed in nor the engine that computes it.
package models
