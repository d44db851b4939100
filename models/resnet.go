package models

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
)

// resnetEncoder is x -> a 3x3 convolution -> for each of Hidden, residual blocks with so many maps, the first of which
// halves the extents -> a dense layer of Units. Kingma et al., 2016, appendix C.2: maps 16, 32, 32 and 450 units for MNIST.
func resnetEncoder(g *graph.Graph, c Config) *graph.Value {
	h := c.Layers.Conv(g, "conv", c.maps(g), nil, c.Hidden[0], 3, 1)
	for i, maps := range c.Hidden {
		for j := range c.Blocks {
			stride := 1
			if j == 0 {
				stride = 2
			}
			h = c.down(g, fmt.Sprintf("down%d_%d", i+1, j+1), h, maps, stride)
		}
	}
	return c.activate(g, c.Layers.Dense(g, "fc", g.Flatten(c.activate(g, h), 1), c.Units))
}

// resnetDecoder is h -> a dense layer of Units -> the encoder's maps -> its blocks backwards, the last of each extent
// doubling it -> one 3x3 convolution per parameter of p(x|z).
func resnetDecoder(g *graph.Graph, c Config, h *graph.Value) []*graph.Value {
	sizes, last := c.convSizes(), len(c.Hidden)
	deepest := sizes[last]
	h = c.activate(g, c.Layers.Dense(g, "fc1", h, c.Units))
	h = c.activate(g, c.Layers.Dense(g, "fc2", h, c.Hidden[last-1]*deepest[0]*deepest[1]))
	h = g.Reshape(h, g.Int64s(-1, c.Hidden[last-1], deepest[0], deepest[1]))
	for i := last - 1; i >= 0; i-- {
		for j := range c.Blocks - 1 {
			h = c.down(g, fmt.Sprintf("up%d_%d", last-i, j+1), h, c.Hidden[i], 1)
		}
		h = c.up(g, fmt.Sprintf("up%d_%d", last-i, c.Blocks), h, c.Hidden[max(0, i-1)], sizes[i+1], sizes[i])
	}
	h = c.activate(g, h)
	return c.heads(func(name string, copies int) *graph.Value {
		out := plainLayers.Conv(g, name, h, nil, copies*c.channels(), 3, 1)
		if len(c.Shape) == 2 && copies == 1 {
			out = g.Squeeze(out, 1)
		}
		return out
	})
}

// down is x' + conv(act(conv(act(x))))/10, where the first convolution may halve the extents; x' is then x after a
// convolution of its own, and else x.
func (c Config) down(g *graph.Graph, name string, x *graph.Value, maps, stride int) *graph.Value {
	h := c.Layers.Conv(g, name+"/1", c.activate(g, x), nil, maps, 3, stride)
	h = c.Layers.Conv(g, name+"/2", c.activate(g, h), nil, maps, 3, 1)
	if stride > 1 || !x.Shape[1].Is(maps) {
		x = c.Layers.Conv(g, name+"/skip", x, nil, maps, 3, stride)
	}
	return c.residual(g, x, h)
}

// up is down with transposed convolutions, which double the extents.
func (c Config) up(g *graph.Graph, name string, x *graph.Value, maps int, from, to [2]int) *graph.Value {
	h := c.Layers.Deconv(g, name+"/1", c.activate(g, x), maps, 3, 2, from, to)
	h = c.Layers.Conv(g, name+"/2", c.activate(g, h), nil, maps, 3, 1)
	return c.residual(g, c.Layers.Deconv(g, name+"/skip", x, maps, 3, 2, from, to), h)
}

func (c Config) residual(g *graph.Graph, x, h *graph.Value) *graph.Value {
	return g.Add(x, g.Mul(h, g.Scalar(0.1, h)))
}
