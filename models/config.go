package models

import (
	"github.com/elbo-ml/elbo/models/flow"
	"github.com/elbo-ml/elbo/models/layer"
)

// Likelihood names the family of p(x|z).
type Likelihood string

// The likelihoods that elbo builds and scores.
const (
	// Bernoulli: each element of x is a coin, or the mean of one; the decoder gives logits.
	Bernoulli Likelihood = "bernoulli"
	// Gaussian: each element is normal; the decoder gives mean and logvar (Kingma and Welling, 2013, for Frey Face).
	Gaussian Likelihood = "gaussian"
	// DiscretizedLogistic: each element is one of 256 levels, a logistic's mass in its bin; the decoder gives mean and
	// logscale (Kingma et al., 2016, for CIFAR-10).
	DiscretizedLogistic Likelihood = "discretized_logistic"
	// LogisticMixture: each element is a mixture of discretised logistics; the decoder gives mixture_logits, means and
	// logscales, K of each an element, with the components in front: [batch, K*channels, height, width] (Salimans et al.,
	// 2017).
	LogisticMixture Likelihood = "logistic_mixture"
)

// Config describes a VAE to build. The zero value of every field but Shape has a default.
type Config struct {
	// Body is "dense" (the default), "conv", or "resnet": residual blocks of convolutions around a dense layer.
	Body string
	// Shape is the shape of one row: [784], [28,28], [3,64,64]. A conv body reads [H,W] as one channel.
	Shape []int
	// Latent is the number of latent units; 0 means 20.
	Latent int
	// Hidden are the encoder's layers from x on, mirrored in the decoder: the units of each dense layer, or the channels
	// of each stride-2 convolution. nil means [500] for a dense body and [32,64] for a conv body. A
	// resnet body has Blocks residual blocks for each, the first of which halves the extents, and nil means [16,32,32].
	Hidden []int
	// Blocks and Units are the residual blocks at each extent and the dense layer of a resnet body; 0 means 2 and 450.
	Blocks, Units int
	// Likelihood is p(x|z); "" means Bernoulli.
	Likelihood Likelihood
	// Components is the number of components of a LogisticMixture; 0 means 5.
	Components int
	// Autoregressive are the hidden units of a MADE that lets each pixel depend on those before it, too: p(x|z) =
	// prod_i p(x_i|x_1..x_{i-1}, z), in the order of a row's numbers. What it makes of the past and of z is added to the
	// parameters that the body predicts from z. nil is none; pixels are then independent, given z.
	Autoregressive []int
	// Flow are the steps that a draw from the encoder's Gaussian passes, each of which sees a context of Context numbers that
	// the encoder gives besides; nil leaves the posterior Gaussian, and Context 0 means 32. See flow.Chain.
	Flow    []flow.Flow
	Context int
	// LatentLayers are the latent units of several stochastic layers from the bottom to the top, with dense layers of Units
	// between them, and Inference the direction, Bidirectional (the default) or BottomUp; Latent is then their sum. nil is
	// one layer of Latent units. A Flow is then one for each.
	LatentLayers []int
	Inference    string
	// Prior is StandardPrior (the default), VampPrior with PriorSize pseudo-inputs (0 means 500) or FlowPrior with PriorSize
	// couplings (0 means 4).
	Prior     string
	PriorSize int
	// Layers makes the layers but for those that give parameters of distributions; nil makes plain ones, and
	// &layer.Builder{Normalise: true} normalises their weights: call Initialise, then, before training.
	Layers *layer.Builder
	// Activation is tanh (the default; elu for a resnet body), softplus, relu, elu, leakyrelu, selu, softsign or sigmoid.
	Activation string
	// Seed draws the initial weights.
	Seed uint64
	// Name is the model's name in its manifest; "" means "vae".
	Name string
}
