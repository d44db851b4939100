// Package layer makes the layers of deep models in a graph: dense, masked and convolutional, plain or with weight
// normalisation and its data-dependent initialisation.
package layer

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// Builder makes layers. The zero value, and nil, make plain ones.
//
// A layer made twice in one graph under one name is one layer: the second use shares the weights of the first.
type Builder struct {
	// Normalise makes every layer compute with the weights w = gain v/|v|, one gain for each output (Salimans and Kingma,
	// 2016), whose length and direction are then learned apart.
	Normalise bool

	made []Normalised
}

// Normalised are the weights that Initialise sets in a layer with weight normalisation.
type Normalised struct{ Gain, Bias *tensor.Tensor }

// Made are the layers with weight normalisation so far.
func (b *Builder) Made() []Normalised {
	if b == nil {
		return nil
	}
	return b.made
}

// Dense is x w^T + b for x [batch, in], giving [batch, units].
func (b *Builder) Dense(g *graph.Graph, name string, x *graph.Value, units int) *graph.Value {
	in, ok := width(g, "Dense", name, x)
	if !ok {
		return x
	}
	w, bias := b.weights(g, name, x.DType, in, nil, 0, units, in)
	return g.Linear(x, w, bias)
}

// Masked is Dense with only those weights for which mask [units, in] holds a 1; the others stay without effect, whatever
// they hold, and have no gradient.
func (b *Builder) Masked(g *graph.Graph, name string, x, mask *graph.Value, units, fanIn int) *graph.Value {
	in, ok := width(g, "Masked", name, x)
	if !ok {
		return x
	}
	w, bias := b.weights(g, name, x.DType, fanIn, mask, 0, units, in)
	return g.Linear(x, w, bias)
}

// Conv is a convolution of x [batch, in, height, width] with kernel x kernel windows to the given number of maps, padded so
// that stride 1 keeps the extents and stride 2 halves them, rounded up. mask, if not nil, broadcasts to the weights
// [maps, in, kernel, kernel].
func (b *Builder) Conv(g *graph.Graph, name string, x, mask *graph.Value, maps, kernel, stride int) *graph.Value {
	in, ok := channels(g, "Conv", name, x)
	if !ok {
		return x
	}
	w, bias := b.weights(g, name, x.DType, in*kernel*kernel, mask, 0, maps, in, kernel, kernel)
	return g.Node("Conv", window(kernel, stride), x, w, bias)
}

// Deconv is the transposed convolution that undoes what Conv does to the extents: x [batch, in, from...] to
// [batch, maps, to...], where from is to divided by the stride and rounded up.
func (b *Builder) Deconv(g *graph.Graph, name string, x *graph.Value, maps, kernel, stride int, from, to [2]int) *graph.Value {
	in, ok := channels(g, "Deconv", name, x)
	if !ok {
		return x
	}
	// An output adds up about one in stride^2 of the taps of each map.
	w, bias := b.weights(g, name, x.DType, max(1, in*kernel*kernel/(stride*stride)), nil, 1, in, maps, kernel, kernel)
	attrs := window(kernel, stride)
	extra := make([]int64, 2)
	for i := range extra {
		extra[i] = int64(to[i] - (stride*(from[i]-1) + kernel - 2*(kernel/2)))
	}
	attrs["output_padding"] = extra
	return g.Node("ConvTranspose", attrs, x, w, bias)
}

func window(kernel, stride int) graph.Attrs {
	k, s, p := int64(kernel), int64(stride), int64(kernel/2)
	return graph.Attrs{"kernel_shape": []int64{k, k}, "strides": []int64{s, s}, "pads": []int64{p, p, p, p}}
}

// weights makes what a layer multiplies by, and its bias. out is the axis of shape that counts the outputs.
func (b *Builder) weights(g *graph.Graph, name string, dtype tensor.DType, fanIn int, mask *graph.Value, out int, shape ...int) (w, bias *graph.Value) {
	fresh := g.Value(name+".weight") == nil
	w, bias = Weight(g, name+".weight", fanIn, shape...), Weight(g, name+".bias", fanIn, shape[out])
	if mask != nil {
		w = g.Mul(w, mask)
	}
	if b == nil || !b.Normalise {
		return w, bias
	}
	gain := g.Value(name + ".gain")
	if fresh {
		gain = g.Weight(name+".gain", ones(dtype, out, shape))
		b.made = append(b.made, Normalised{gain.Data, bias.Data})
	}
	var axes []int
	for i := range shape {
		if i != out {
			axes = append(axes, i)
		}
	}
	// A row that the mask leaves empty has no direction; the small number keeps it at nothing.
	norm := g.Sqrt(g.Add(g.ReduceSum(g.Square(w), true, axes...), g.Scalar(1e-12, w)))
	return g.Mul(w, g.Div(gain, norm)), bias
}

// ones is a gain for each output, in a shape that broadcasts to the weights.
func ones(dtype tensor.DType, out int, shape []int) *tensor.Tensor {
	extents := make([]int, len(shape))
	for i := range extents {
		extents[i] = 1
	}
	extents[out] = shape[out]
	t := tensor.New(dtype, extents...)
	for i := range t.Len() {
		set(t, i, 1)
	}
	return t
}

func set(t *tensor.Tensor, i int, v float64) {
	if t.DType() == tensor.Float64 {
		tensor.Data[float64](t)[i] = v
	} else {
		tensor.Data[float32](t)[i] = float32(v)
	}
}

// Weight is the weight called name, made by g.Init if the graph does not have it yet.
func Weight(g *graph.Graph, name string, fanIn int, shape ...int) *graph.Value {
	if w := g.Value(name); w != nil && w.IsWeight() {
		return w
	}
	return g.InitWeight(name, fanIn, shape...)
}

func width(g *graph.Graph, what, name string, x *graph.Value) (int, bool) {
	return extent(g, what, name, x, 2, "[batch, features]")
}

func channels(g *graph.Graph, what, name string, x *graph.Value) (int, bool) {
	return extent(g, what, name, x, 4, "[batch, channels, height, width]")
}

// extent is the known extent of x's second axis; without one the graph fails.
func extent(g *graph.Graph, what, name string, x *graph.Value, rank int, want string) (int, bool) {
	if len(x.Shape) == rank {
		if n, ok := x.Shape[1].Known(); ok {
			return n, true
		}
	}
	g.Fail(fmt.Errorf("layer: %s %s: the input %v is not %s with a known second extent", what, name, x, want))
	return 0, false
}
