package models

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models/layer"
)

// convEncoder is x -> 3x3 convolutions of stride 2, each halving the extents (rounded up) -> [batch, features].
func convEncoder(g *graph.Graph, c Config) *graph.Value {
	h := c.maps(g)
	for i, maps := range c.Hidden {
		h = c.activate(g, c.Layers.Conv(g, fmt.Sprintf("conv%d", i+1), h, nil, maps, 3, 2))
	}
	return g.Flatten(h, 1)
}

// maps is the input x as [batch, channels, height, width].
func (c Config) maps(g *graph.Graph) *graph.Value {
	x := g.Input("x", batched(c.Shape)...)
	if len(c.Shape) == 2 {
		x = g.Unsqueeze(x, 1)
	}
	return x
}

// convDecoder is h [batch, features] -> a dense layer -> 3x3 transposed convolutions of stride 2, the encoder's extents
// backwards -> one transposed convolution per parameter of p(x|z).
func convDecoder(g *graph.Graph, c Config, h *graph.Value) []*graph.Value {
	sizes := c.convSizes()
	last := len(c.Hidden)
	deepest := sizes[last]
	h = c.activate(g, c.Layers.Dense(g, "fc1", h, c.Hidden[last-1]*deepest[0]*deepest[1]))
	h = g.Reshape(h, g.Int64s(-1, c.Hidden[last-1], deepest[0], deepest[1]))
	for i := last - 1; i > 0; i-- {
		h = c.activate(g, c.Layers.Deconv(g, fmt.Sprintf("deconv%d", last-i), h, c.Hidden[i-1], 3, 2, sizes[i+1], sizes[i]))
	}
	return c.heads(func(name string, copies int) *graph.Value {
		out := plainLayers.Deconv(g, name, h, copies*c.channels(), 3, 2, sizes[1], sizes[0])
		if len(c.Shape) == 2 && copies == 1 {
			out = g.Squeeze(out, 1)
		}
		return out
	})
}

// plainLayers makes the layers that give parameters of distributions, whose weights are never normalised.
var plainLayers *layer.Builder

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
		return fmt.Errorf("a %s body takes rows of shape [height,width] or [channels,height,width], not %v", c.Body, c.Shape)
	}
	if len(c.Hidden) == 0 {
		return fmt.Errorf("a %s body needs at least one layer: give the channels of each in hidden", c.Body)
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
