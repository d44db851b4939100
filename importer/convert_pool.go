package importer

import (
	"fmt"
	"maps"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// windowSums is the sum over each window of a pooling node, which a convolution of ones within each channel gives.
func (c *conversion) windowSums(x *graph.Value) (*graph.Value, error) {
	kernel := c.n.Ints("kernel_shape")
	if x.Rank() < 3 || len(kernel) != x.Rank()-2 {
		return nil, fmt.Errorf("kernel %v on %v: %w", kernel, x, ErrMalformed)
	}
	channels, known := x.Shape[1].Known()
	if !known || channels > 1<<16 {
		return nil, fmt.Errorf("%v channels: %w", x.Shape[1], graph.ErrUnsupported)
	}
	size := channels
	shape := []int{channels, 1}
	for _, k := range kernel {
		if k < 1 || k > 1<<12 || size > 1<<24 {
			return nil, fmt.Errorf("kernel %v: %w", kernel, ErrLimit)
		}
		size *= k
		shape = append(shape, k)
	}
	ones := filled(x.DType, size, 1)
	if ones == nil {
		return nil, fmt.Errorf("on %v: %w", x.DType, graph.ErrUnsupported)
	}
	weight, err := ones.Reshape(shape...)
	if err != nil {
		return nil, err
	}
	attrs := maps.Clone(c.n.Attrs)
	for _, name := range []string{"p", "ceil_mode", "count_include_pad"} {
		delete(attrs, name)
	}
	attrs["group"] = int64(channels)
	return c.g.Node("Conv", attrs, x, c.g.Const(weight)), nil
}

// lpPool is the p-norm of each window.
func lpPool(c *conversion) error {
	x, err := c.input(0)
	if err != nil {
		return err
	}
	if c.n.Int("ceil_mode", 0) != 0 {
		return fmt.Errorf("ceil_mode: %w", graph.ErrUnsupported)
	}
	p := float64(c.n.Int("p", 2))
	sums, err := c.windowSums(c.g.Pow(c.g.Abs(x), c.g.Scalar(p, x)))
	if err != nil {
		return err
	}
	return c.finish("Pow", nil, sums, c.g.Scalar(1/p, x))
}

// globalLpPool is the p-norm over the spatial axes.
func globalLpPool(c *conversion) error {
	x, err := c.input(0)
	if err != nil {
		return err
	}
	if x.Rank() < 3 {
		return fmt.Errorf("%v: %w", x, ErrMalformed)
	}
	var spatial []int
	for i := 2; i < x.Rank(); i++ {
		spatial = append(spatial, i)
	}
	p := float64(c.n.Int("p", 2))
	return c.finish("Pow", nil, c.g.ReduceSum(c.g.Pow(c.g.Abs(x), c.g.Scalar(p, x)), true, spatial...), c.g.Scalar(1/p, x))
}

// averagePool has dilations since opset 19: then it is the sum over each window, over how many elements it holds.
func averagePool(c *conversion) error {
	if !slices.ContainsFunc(c.n.Ints("dilations"), func(d int) bool { return d != 1 }) {
		delete(c.n.Attrs, "dilations")
		return nil
	}
	x, err := c.input(0)
	if err != nil {
		return err
	}
	inner, outer, err := c.windowPads(x)
	if err != nil {
		return err
	}
	g := c.g
	around := func(v *graph.Value, pads []int64) *graph.Value {
		return g.Node("Pad", nil, v, g.Const(tensor.Vector(pads...)))
	}
	ones := g.Expand(g.Scalar(1, x), g.ShapeOf(x))
	if c.n.Int("count_include_pad", 0) != 0 {
		padded := around(x, inner)
		ones = around(g.Expand(g.Scalar(1, x), g.ShapeOf(padded)), outer)
	} else {
		ones = around(around(ones, inner), outer)
	}
	delete(c.n.Attrs, "pads")
	delete(c.n.Attrs, "auto_pad")
	sums, err := c.windowSums(around(around(x, inner), outer))
	if err != nil {
		return err
	}
	counts, err := c.windowSums(ones)
	if err != nil {
		return err
	}
	return c.finish("Div", nil, sums, counts)
}

// windowPads are the pads of a pooling node, as Pad takes them, and those that make room for the last window where
// ceil_mode rounds the number of windows up: of a window that begins before the end pads.
func (c *conversion) windowPads(x *graph.Value) (inner, outer []int64, err error) {
	w, err := graph.ConvWindow(c.n)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", err, graph.ErrUnsupported)
	}
	rank := x.Rank()
	inner, outer = make([]int64, 2*rank), make([]int64, 2*rank)
	for i := range w.Kernel {
		inner[2+i], inner[rank+2+i] = int64(w.Begin[i]), int64(w.End[i])
		if c.n.Int("ceil_mode", 0) == 0 {
			continue
		}
		n, known := x.Shape[2+i].Known()
		if !known {
			return nil, nil, fmt.Errorf("dilations with ceil_mode on %v: %w", x.Shape, graph.ErrUnsupported)
		}
		reach := w.Dilations[i]*(w.Kernel[i]-1) + 1
		room := n + w.Begin[i] + w.End[i]
		last := (max(room-reach, 0) + w.Strides[i] - 1) / w.Strides[i] * w.Strides[i] // where the last window begins
		if last >= n+w.Begin[i] {
			last -= w.Strides[i]
		}
		outer[rank+2+i] = int64(max(last+reach-room, 0))
	}
	return inner, outer, nil
}

// centerCropPad crops the axes around their middle, or pads them with zeros, to the given extents.
func centerCropPad(c *conversion) error {
	x, err := c.input(0)
	if err != nil {
		return err
	}
	if _, err := c.input(1); err != nil {
		return err
	}
	target, err := c.constInts(1, "extents")
	if err != nil {
		return err
	}
	axes := c.n.Ints("axes")
	if axes == nil {
		for i := range x.Rank() {
			axes = append(axes, i)
		}
	}
	if len(axes) != len(target) {
		return fmt.Errorf("%d extents for %d axes: %w", len(target), len(axes), ErrMalformed)
	}
	starts, ends, pads := make([]int, x.Rank()), make([]int, x.Rank()), make([]int64, 2*x.Rank())
	for i := range ends {
		ends[i] = 1<<62 - 1
	}
	for i, a := range axes {
		at, err := axis(a, x.Rank())
		if err != nil || at == x.Rank() || target[i] < 0 {
			return fmt.Errorf("axis %d of %v to %d: %w", a, x.Shape, target[i], ErrMalformed)
		}
		have, known := x.Shape[at].Known()
		if !known {
			return fmt.Errorf("an extent %v: %w", x.Shape[at], graph.ErrUnsupported)
		}
		want := int(target[i])
		if want <= have {
			starts[at] = (have - want) / 2
			ends[at] = starts[at] + want
			continue
		}
		pads[at] = int64((want - have) / 2)
		pads[at+x.Rank()] = int64(want-have) - pads[at]
	}
	all := make([]int, x.Rank())
	for i := range all {
		all[i] = i
	}
	g := c.g
	cut := g.Node("Slice", nil, x, g.Int64s(starts...), g.Int64s(ends...), g.Int64s(all...))
	return c.finish("Pad", nil, cut, g.Const(tensor.Vector(pads...)))
}
