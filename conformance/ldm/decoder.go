// Package ldm builds the decoder of a latent diffusion model's autoencoder (Rombach et al., 2022), as Stable Diffusion has
// it, with random weights: a large graph of the operators that exporters write for it.
package ldm

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// Config is the size of a decoder.
type Config struct {
	// Channels are those of the levels, from the picture's down to the latents'. Each level but the picture's doubles
	// height and width.
	Channels []int
	// Blocks is the number of residual blocks of a level, and Groups that of GroupNorm's groups.
	Blocks, Groups int
}

// StableDiffusion is the decoder of Stable Diffusion 1 and 2: 49.5 million parameters, latents [4,64,64] to pictures
// [3,512,512].
var StableDiffusion = Config{Channels: []int{128, 256, 512, 512}, Blocks: 3, Groups: 32}

// latents are the channels of z.
const latents = 4

// Decoder is the graph: z [batch, 4, h, w] to x [batch, 3, 8h, 8w] for four levels. Its weights are drawn from seed.
func Decoder(c Config, seed uint64) (*graph.Graph, error) {
	d := &decoder{Graph: graph.New("decoder"), Config: c, noise: runtime.Noise{Seed: seed}}
	z := d.Input("z", "batch", latents, "h", "w")
	deepest := c.Channels[len(c.Channels)-1]
	x := d.conv("conv_in", d.conv("post_quant_conv", z, latents, latents, 1), latents, deepest, 3)
	x = d.residual("mid_block.resnets.0", x, deepest, deepest)
	x = d.attention("mid_block.attentions.0", x, deepest)
	x = d.residual("mid_block.resnets.1", x, deepest, deepest)
	from := deepest
	for level := len(c.Channels) - 1; level >= 0; level-- {
		block, to := fmt.Sprintf("up_blocks.%d.", len(c.Channels)-1-level), c.Channels[level]
		for i := range c.Blocks {
			x = d.residual(fmt.Sprintf("%sresnets.%d", block, i), x, from, to)
			from = to
		}
		if level > 0 {
			x = d.conv(block+"upsamplers.0.conv", d.double(x), to, to, 3)
		}
	}
	d.Output("x", d.conv("conv_out", d.silu(d.groupNorm("conv_norm_out", x, from)), from, 3, 3))
	return d.Graph, d.Err()
}

type decoder struct {
	*graph.Graph
	Config
	noise runtime.Noise
}

// draw is a weight of numbers from N(mean, deviation^2).
func (d *decoder) draw(name string, mean, deviation float64, shape ...int) *graph.Value {
	t := tensor.New(tensor.Float32, shape...)
	d.noise.Stream++
	x := tensor.Data[float32](t)
	d.noise.Normal(0, x)
	for i, v := range x {
		x[i] = float32(mean + deviation*float64(v))
	}
	return d.Weight(name, t)
}

func (d *decoder) conv(name string, x *graph.Value, from, to, size int) *graph.Value {
	w := d.draw(name+".weight", 0, 1/math.Sqrt(float64(from*size*size)), to, from, size, size)
	p := int64(size / 2)
	return d.Node("Conv", graph.Attrs{"kernel_shape": []int64{int64(size), int64(size)}, "pads": []int64{p, p, p, p}}, x, w, d.draw(name+".bias", 0, 0.02, to))
}

// groupNorm is GroupNorm (Wu and He, 2018) as PyTorch exports it in opset 17: InstanceNormalization of the groups.
func (d *decoder) groupNorm(name string, x *graph.Value, channels int) *graph.Value {
	one, zero := tensor.New(tensor.Float32, d.Groups), tensor.New(tensor.Float32, d.Groups)
	for i := range d.Groups {
		tensor.Data[float32](one)[i] = 1
	}
	grouped := d.Reshape(x, d.Int64s(0, d.Groups, -1))
	unit := d.Node("InstanceNormalization", graph.Attrs{"epsilon": float32(1e-6)}, grouped, d.Const(one), d.Const(zero))
	y := d.Node("Reshape", nil, unit, d.Node("Shape", nil, x))
	scale, bias := d.draw(name+".weight", 1, 0.1, channels, 1, 1), d.draw(name+".bias", 0, 0.1, channels, 1, 1)
	return d.Add(d.Mul(y, scale), bias)
}

func (d *decoder) silu(x *graph.Value) *graph.Value { return d.Mul(x, d.Sigmoid(x)) }

// residual is shortcut(x) + conv(silu(norm(conv(silu(norm(x)))))), where the shortcut is x itself if channels stay.
func (d *decoder) residual(name string, x *graph.Value, from, to int) *graph.Value {
	h := d.conv(name+".conv1", d.silu(d.groupNorm(name+".norm1", x, from)), from, to, 3)
	h = d.conv(name+".conv2", d.silu(d.groupNorm(name+".norm2", h, to)), to, to, 3)
	if from != to {
		x = d.conv(name+".conv_shortcut", x, from, to, 1)
	}
	return d.Add(x, h)
}

// attention is x + out(softmax(q k' / sqrt(channels)) v) over the places of the picture, with one head.
func (d *decoder) attention(name string, x *graph.Value, channels int) *graph.Value {
	h := d.Reshape(d.groupNorm(name+".group_norm", x, channels), d.Int64s(0, channels, -1))
	h = d.Transpose(h, 0, 2, 1) // [batch, places, channels]
	linear := func(what string, h *graph.Value) *graph.Value {
		w := d.draw(name+"."+what+".weight", 0, 1/math.Sqrt(float64(channels)), channels, channels)
		return d.Add(d.MatMul(h, w), d.draw(name+"."+what+".bias", 0, 0.02, channels))
	}
	q, k, v := linear("to_q", h), linear("to_k", h), linear("to_v", h)
	scores := d.Mul(d.MatMul(q, d.Transpose(k, 0, 2, 1)), d.Scalar(1/math.Sqrt(float64(channels)), q))
	h = linear("to_out.0", d.MatMul(d.Softmax(scores, -1), v))
	return d.Add(x, d.Node("Reshape", nil, d.Transpose(h, 0, 2, 1), d.Node("Shape", nil, x)))
}

// double repeats each place of x twice along height and width.
func (d *decoder) double(x *graph.Value) *graph.Value {
	scales := d.Const(tensor.Vector[float32](1, 1, 2, 2))
	return d.Node("Resize", graph.Attrs{"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}, x, nil, scales)
}

// Parameters is the number of parameters of a graph.
func Parameters(g *graph.Graph) int {
	n := 0
	for _, w := range g.Weights {
		n += w.Data.Len()
	}
	return n
}
