package model

import (
	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/train"
)

// halving slides a 4x4 window by two pixels, with one pixel of padding: a convolution halves the extents, a transposed one
// doubles them.
var halving = graph.Attrs{"kernel_shape": []int64{4, 4}, "strides": []int64{2, 2}, "pads": []int64{1, 1, 1, 1}}

// convLatent is the number of latent units of the convolutional VAE.
const convLatent = 20

// convVAE is 28x28 pixels - 32 maps - 64 maps - 20 latent units and back, 4x4 kernels of stride 2, relu, Bernoulli.
func convVAE() *train.Objective {
	g := graph.New("conv")
	g.Init = initial()
	x, eps := g.Input("x", "batch", 1, 28, 28), g.Input("eps", "batch", convLatent)
	mean, logvar := convEncode(g, x)
	logits := convDecode(g, models.Reparameterize(g, mean, logvar, eps))
	return bound(g, x, eps, models.BernoulliLogProb(g, x, logits), models.NormalKL(g, mean, logvar))
}

// convEncode is the encoder: x [batch, 1, 28, 28] to mean and logvar [batch, 20].
func convEncode(g *graph.Graph, x *graph.Value) (mean, logvar *graph.Value) {
	h := g.Relu(window(g, "Conv", "conv1", x, 16, halving, 32, 1, 4, 4))
	h = g.Relu(window(g, "Conv", "conv2", h, 32*16, halving, 64, 32, 4, 4))
	parts := g.Split(g.Dense("latent", g.Flatten(h, 1), 2*convLatent), 1, convLatent, convLatent)
	return parts[0], parts[1]
}

// convDecode is the decoder: z [batch, 20] to logits [batch, 1, 28, 28].
func convDecode(g *graph.Graph, z *graph.Value) *graph.Value {
	h := g.Reshape(g.Relu(g.Dense("spread", z, 64*49)), g.Int64s(-1, 64, 7, 7))
	// Each output of a transposed convolution of stride 2 adds up a quarter of the window.
	h = g.Relu(window(g, "ConvTranspose", "deconv1", h, 64*4, halving, 64, 32, 4, 4))
	return window(g, "ConvTranspose", "deconv2", h, 32*4, halving, 32, 1, 4, 4)
}

// window is a convolution, plain or transposed, with a bias. shape is that of its weight.
func window(g *graph.Graph, op, name string, x *graph.Value, fanIn int, attrs graph.Attrs, shape ...int) *graph.Value {
	w := g.InitWeight(name+".weight", fanIn, shape...)
	outputs := shape[0]
	if op == "ConvTranspose" {
		outputs = shape[1]
	}
	return g.Node(op, attrs, x, w, g.InitWeight(name+".bias", fanIn, outputs))
}

// bound is the negative ELBO of log p(x|z) and KL of each row.
func bound(g *graph.Graph, x, eps, logProb, kl *graph.Value) *train.Objective {
	o := &train.Objective{Graph: g, X: x, Noise: []*graph.Value{eps}}
	o.Reconstruction = g.Output("reconstruction", g.ReduceMean(logProb, false, 0))
	o.KL = g.Output("kl", g.ReduceMean(kl, false, 0))
	o.ELBO = g.Output("elbo", g.Sub(o.Reconstruction, o.KL))
	o.Loss = g.Output("loss", g.Neg(o.ELBO))
	o.Params = g.Weights
	return o
}
