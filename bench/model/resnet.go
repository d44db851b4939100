package model

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models"
)

// resnetLatent is the number of latent units of the ResNet VAE, and resnetDense that of its dense layers.
const (
	resnetLatent = 32
	resnetDense  = 450
)

// same and double are 3x3 windows: one keeps the extents, one (transposed) doubles them.
var (
	same  = graph.Attrs{"kernel_shape": []int64{3, 3}, "pads": []int64{1, 1, 1, 1}}
	halve = graph.Attrs{"kernel_shape": []int64{3, 3}, "strides": []int64{2, 2}, "pads": []int64{1, 1, 1, 1}}
)

// double undoes halve; extra is 0 where the larger extent is odd.
func double(extra int64) graph.Attrs {
	return graph.Attrs{"kernel_shape": []int64{3, 3}, "strides": []int64{2, 2}, "pads": []int64{1, 1, 1, 1}, "output_padding": []int64{extra, extra}}
}

// resnetReconstruct is the VAE of arXiv 1606.04934 for MNIST with a diagonal posterior, from a picture and noise to the
// means of its pixels: residual blocks of 3x3 convolutions with 16, 32 and 32 maps, two of each, the first of stride 2;
// a dense layer; 32 latent units; and back. Its activations are ELUs.
func resnetReconstruct(g *graph.Graph) {
	x, eps := g.Input("x", "batch", 1, 28, 28), g.Input("eps", "batch", resnetLatent)
	h := window(g, "Conv", "first", x, 9, same, 16, 1, 3, 3)
	in := 16
	for i, out := range []int{16, 32, 32} {
		name := fmt.Sprintf("down%d", i+1)
		h = block(g, name, "Conv", h, halve, in, out)
		h = block(g, name+"b", "Conv", h, same, out, out)
		in = out
	}
	h = g.Elu(g.Dense("encode", g.Flatten(g.Elu(h, 1), 1), resnetDense), 1)
	parts := g.Split(g.Dense("latent", h, 2*resnetLatent), 1, resnetLatent, resnetLatent)
	z := models.Reparameterize(g, parts[0], parts[1], eps)
	h = g.Elu(g.Dense("spread", g.Elu(g.Dense("decode", z, resnetDense), 1), 32*16), 1)
	h = g.Reshape(h, g.Int64s(-1, 32, 4, 4))
	for i, out := range []int{32, 16, 16} {
		name := fmt.Sprintf("up%d", i+1)
		h = block(g, name+"b", "Conv", h, same, in, in)
		h = block(g, name, "ConvTranspose", h, double(int64(min(i, 1))), in, out)
		in = out
	}
	g.Output("mean", g.Sigmoid(window(g, "Conv", "last", g.Elu(h, 1), 16*9, same, 1, 16, 3, 3)))
}

// block is x + conv(elu(conv'(elu(x))))/10, where conv' may change the extents and the number of maps; x then passes a
// window of its own.
func block(g *graph.Graph, name, op string, x *graph.Value, attrs graph.Attrs, in, out int) *graph.Value {
	shape := []int{out, in, 3, 3}
	if op == "ConvTranspose" {
		shape = []int{in, out, 3, 3}
	}
	h := g.Elu(window(g, op, name+".1", g.Elu(x, 1), in*9, attrs, shape...), 1)
	h = window(g, "Conv", name+".2", h, out*9, same, out, out, 3, 3)
	if attrs["strides"] != nil {
		x = window(g, op, name+".skip", x, in*9, attrs, shape...)
	}
	return g.Add(x, g.Mul(h, g.Scalar(0.1, h)))
}
