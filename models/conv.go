package models

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
)

// convEncoder is x -> 3x3 convolutions of stride 2, each halving the extents (rounded up) -> mean, logvar.
func convEncoder(g *graph.Graph, c Config) (mean, logvar *graph.Value) {
	h := g.Input("x", batched(c.Shape)...)
	if len(c.Shape) == 2 {
		h = g.Unsqueeze(h, 1)
	}
	in := c.channels()
	for i, out := range c.Hidden {
		name := fmt.Sprintf("conv%d", i+1)
		w := g.InitWeight(name+".weight", in*9, out, in, 3, 3)
		b := g.InitWeight(name+".bias", in*9, out)
		h = c.activate(g, g.Node("Conv", graph.Attrs{"kernel_shape": []int64{3, 3}, "strides": []int64{2, 2}, "pads": []int64{1, 1, 1, 1}}, h, w, b))
		in = out
	}
	h = g.Flatten(h, 1)
	return g.Dense("mean", h, c.Latent), g.Dense("logvar", h, c.Latent)
}

// convDecoder is z -> a dense layer -> 3x3 transposed convolutions of stride 2, the encoder's extents backwards -> one
// transposed convolution per parameter of p(x|z).
func convDecoder(g *graph.Graph, c Config) []*graph.Value {
	sizes := c.convSizes()
	last := len(c.Hidden)
	deepest := sizes[last]
	h := g.Input("z", "batch", c.Latent)
	h = c.activate(g, g.Dense("fc1", h, c.Hidden[last-1]*deepest[0]*deepest[1]))
	h = g.Reshape(h, g.Int64s(-1, c.Hidden[last-1], deepest[0], deepest[1]))
	for i := last - 1; i > 0; i-- {
		h = c.activate(g, upsample(g, fmt.Sprintf("deconv%d", last-i), h, c.Hidden[i], c.Hidden[i-1], sizes[i+1], sizes[i]))
	}
	return c.heads(func(name string) *graph.Value {
		out := upsample(g, name, h, c.Hidden[0], c.channels(), sizes[1], sizes[0])
		if len(c.Shape) == 2 {
			out = g.Squeeze(out, 1)
		}
		return out
	})
}

// upsample is a 3x3 transposed convolution of stride 2 that undoes ceil(n/2): output_padding adds the row or column that
// an even extent lost.
func upsample(g *graph.Graph, name string, x *graph.Value, in, out int, from, to [2]int) *graph.Value {
	// An output adds up about in*9/4 inputs: each of the 9 taps reaches one output in four.
	fanIn := max(1, in*9/4)
	w := g.InitWeight(name+".weight", fanIn, in, out, 3, 3)
	b := g.InitWeight(name+".bias", fanIn, out)
	extra := []int64{int64(to[0] - (2*from[0] - 1)), int64(to[1] - (2*from[1] - 1))}
	return g.Node("ConvTranspose", graph.Attrs{"kernel_shape": []int64{3, 3}, "strides": []int64{2, 2},
		"pads": []int64{1, 1, 1, 1}, "output_padding": extra}, x, w, b)
}

// channels is the number of channels of x: [H,W] has one.
func (c Config) channels() int {
	if len(c.Shape) == 2 {
		return 1
	}
	return c.Shape[0]
}

// convSizes are the extents [H,W] of x and after each convolution.
func (c Config) convSizes() [][2]int {
	size := [2]int{c.Shape[len(c.Shape)-2], c.Shape[len(c.Shape)-1]}
	sizes := [][2]int{size}
	for range c.Hidden {
		size = [2]int{(size[0] + 1) / 2, (size[1] + 1) / 2}
		sizes = append(sizes, size)
	}
	return sizes
}

func (c Config) checkConv() error {
	if len(c.Shape) != 2 && len(c.Shape) != 3 {
		return fmt.Errorf("a conv body takes rows of shape [height,width] or [channels,height,width], not %v", c.Shape)
	}
	if len(c.Hidden) == 0 {
		return fmt.Errorf("a conv body needs at least one layer: give the channels of each in hidden")
	}
	sizes := c.convSizes()
	total, in := 0.0, float64(c.channels())
	for _, out := range c.Hidden {
		total += 18 * in * float64(out)
		in = float64(out)
	}
	deepest := sizes[len(sizes)-1]
	if total += 3 * in * float64(deepest[0]) * float64(deepest[1]) * float64(c.Latent); total > maxParameters {
		return fmt.Errorf("%.3g parameters are more than the %d that fit an ONNX file; use fewer channels or more layers", total, maxParameters)
	}
	return nil
}
