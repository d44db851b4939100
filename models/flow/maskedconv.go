package flow

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models/layer"
	"github.com/elbo-ml/elbo/tensor"
)

// MaskedConv is a convolutional network made autoregressive by masks (van den Oord et al., 2016; Kingma et al., 2016, for
// CIFAR-10). z [batch, channels*height*width] is read as maps; units are ordered by row, then by column, then by channel:
// a window sees the places before it, and at its own place the channels before.
type MaskedConv struct {
	// Shape is [channels, height, width].
	Shape []int
	// Maps is the number of maps of each hidden layer; nil means two layers of 64.
	Maps []int
	// Kernel is the side of the windows, odd; 0 means 3.
	Kernel int
	// Layers makes the layers; nil makes plain ones.
	Layers *layer.Builder
}

// Predict gives the outputs of the given names. They start at about a tenth of what their inputs are.
func (m MaskedConv) Predict(g *graph.Graph, name string, z, context *graph.Value, outputs ...string) []*graph.Value {
	maps, kernel := m.Maps, m.Kernel
	if maps == nil {
		maps = []int{64, 64}
	}
	if kernel == 0 {
		kernel = 3
	}
	if n := units(g, "MaskedConv", z); len(m.Shape) != 3 || tensor.Shape(m.Shape).Size() != n || kernel%2 == 0 {
		g.Fail(fmt.Errorf("flow: MaskedConv %s: %d units do not make maps of shape %v under windows of %d, which must be odd", name, n, m.Shape, kernel))
		return make([]*graph.Value, len(outputs))
	}
	channels := m.Shape[0]
	h := g.Reshape(z, g.Int64s(-1, channels, m.Shape[1], m.Shape[2]))
	seen := degrees(1, channels, channels)
	for i, n := range maps {
		next := degrees(0, channels-1, n)
		h = m.Layers.Conv(g, fmt.Sprintf("%s/conv%d", name, i+1), h, before(g, seen, next, false, kernel, z.DType), n, kernel, 1)
		if i == 0 && context != nil {
			c := m.Layers.Dense(g, name+"/context", context, n)
			h = g.Add(h, g.Unsqueeze(c, 2, 3))
		}
		h, seen = activate(g, h), next
	}
	out := make([]*graph.Value, len(outputs))
	for i, output := range outputs {
		mask := g.Mul(before(g, seen, degrees(1, channels, channels), true, kernel, z.DType), g.Scalar(0.1, z))
		out[i] = g.Flatten(plain.Conv(g, name+"/"+output, h, mask, channels, kernel, 1), 1)
	}
	return out
}

// before is the mask [len(to), len(from), kernel, kernel]: 1 before the middle of the window, what the degrees allow in the
// middle, and 0 after it.
func before(g *graph.Graph, from, to []int, strict bool, kernel int, dtype tensor.DType) *graph.Value {
	past, middle := tensor.New(tensor.Float64, 1, 1, kernel, kernel), tensor.New(tensor.Float64, 1, 1, kernel, kernel)
	centre := kernel * kernel / 2
	for i := range centre {
		tensor.Data[float64](past)[i] = 1
	}
	tensor.Data[float64](middle)[centre] = 1
	here := g.Unsqueeze(visible(g, from, to, strict, dtype), 2, 3)
	return g.Add(g.Cast(g.Const(past), dtype), g.Mul(here, g.Cast(g.Const(middle), dtype)))
}
