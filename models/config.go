package models

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
)

// Config describes a VAE to build. The zero value of every field but Shape has a default.
type Config struct {
	// Body is "dense" (the default) or "conv".
	Body string
	// Shape is the shape of one row: [784], [28,28], [3,64,64]. A conv body reads [H,W] as one channel.
	Shape []int
	// Latent is the number of latent units; 0 means 20.
	Latent int
	// Hidden are the encoder's layers from x on, mirrored in the decoder: the units of each dense layer, or the channels
	// of each stride-2 convolution. nil means [500] for a dense body and [32,64] for a conv body.
	Hidden []int
	// Likelihood is p(x|z); "" means Bernoulli.
	Likelihood Likelihood
	// Activation is tanh (the default), softplus, relu, elu, leakyrelu, selu, softsign or sigmoid.
	Activation string
	// Seed draws the initial weights.
	Seed uint64
	// Name is the model's name in its manifest; "" means "vae".
	Name string
}
