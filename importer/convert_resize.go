package importer

import (
	"fmt"
	"math"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// Upsample, up to opset 9, is Resize as it was in opset 10. Its scales were an attribute at first.
func upsample(c *conversion) error {
	if c.opset < 9 {
		scales, ok := c.n.Attrs["scales"].([]float32)
		if !ok {
			return fmt.Errorf("it has no scales: %w", ErrMalformed)
		}
		c.setInput(1, c.g.Const(tensor.Vector(scales...)))
		delete(c.n.Attrs, "scales")
	}
	c.n.Op = "Resize"
	return resizeByCorners(c)
}

// Resize had another form in opset 10. Since opset 18 it may name its axes, keep the aspect ratio and shrink without aliases,
// since opset 19 it has the coordinates half_pixel_symmetric, and before opset 13 it had those called tf_half_pixel_for_nn.
func resize(c *conversion) error {
	if c.opset < 11 {
		return resizeByCorners(c)
	}
	x, err := c.input(0)
	if err != nil {
		return err
	}
	axes, err := c.resizeAllAxes(x)
	if err != nil {
		return err
	}
	policy := c.n.Str("keep_aspect_ratio_policy", "stretch")
	delete(c.n.Attrs, "keep_aspect_ratio_policy")
	antialias := c.n.Int("antialias", 0) != 0 && c.n.Str("mode", "nearest") != "nearest"
	if !antialias {
		delete(c.n.Attrs, "antialias")
	}
	coordinates := c.n.Str("coordinate_transformation_mode", "half_pixel")
	if antialias || policy != "stretch" || coordinates == "half_pixel_symmetric" || coordinates == "tf_half_pixel_for_nn" {
		return c.resizeByMatrices(x, policy, axes)
	}
	return nil
}

// resizeByCorners writes the form of opset 10, in which the first elements of both axes lie on each other, as the later one.
func resizeByCorners(c *conversion) error {
	x, scales, err := c.two()
	if err != nil {
		return err
	}
	mode := c.n.Str("mode", "nearest")
	c.setAttr("mode", mode)
	c.setAttr("coordinate_transformation_mode", "asymmetric")
	c.n.Inputs = []*graph.Value{x, nil, scales}
	if mode != "nearest" {
		return nil
	}
	c.setAttr("nearest_mode", "floor")
	if c.opset == 10 {
		return c.shrinkFirst(x, scales)
	}
	return nil
}

// shrinkFirst resizes the axes that shrink by a node of their own, unless it is known that none does: the element nearest to a
// place between two was the one above there, and the one below where an axis grew.
func (c *conversion) shrinkFirst(x, scales *graph.Value) error {
	known, ok := graph.Floats(scales)
	if ok && !slices.ContainsFunc(known, func(s float64) bool { return s < 1 }) {
		return nil
	}
	var down, up *graph.Value
	if one := c.g.Scalar(1, scales); !ok {
		down, up = c.g.Node("Min", nil, scales, one), c.g.Node("Max", nil, scales, one)
	} else {
		below, above := make([]float32, len(known)), make([]float32, len(known))
		for i, s := range known {
			below[i], above[i] = float32(min(s, 1)), float32(max(s, 1))
		}
		down, up = c.g.Const(tensor.Vector(below...)), c.g.Const(tensor.Vector(above...))
	}
	shrunk := c.g.Node("Resize", graph.Attrs{"coordinate_transformation_mode": "asymmetric", "nearest_mode": "ceil"}, x, nil, down)
	c.n.Inputs = []*graph.Value{shrunk, nil, up}
	return c.g.Err()
}

// resizeAllAxes spells out what attribute axes leaves as it is, and returns the axes it names.
func (c *conversion) resizeAllAxes(x *graph.Value) ([]int, error) {
	axes := make([]int, x.Rank())
	for i := range axes {
		axes[i] = i
	}
	if !c.n.Has("axes") {
		return axes, nil
	}
	place := make([]int, x.Rank()) // which entry of scales, sizes and roi is for an axis, from 1
	axes = c.n.Ints("axes")
	delete(c.n.Attrs, "axes")
	for k, a := range axes {
		at, err := axis(a, x.Rank())
		if err != nil || at == x.Rank() || place[at] != 0 {
			return nil, fmt.Errorf("axes %v of %v: %w", axes, x.Shape, ErrMalformed)
		}
		axes[k], place[at] = at, k+1
	}
	g := c.g
	entries := func(v *graph.Value, from int, rest func(i int) *graph.Value) []*graph.Value {
		parts := make([]*graph.Value, x.Rank())
		for i, k := range place {
			if k == 0 {
				parts[i] = rest(i)
				continue
			}
			parts[i] = g.Node("Slice", nil, v, g.Int64s(from+k-1), g.Int64s(from+k), g.Int64s(0))
		}
		return parts
	}
	number := func(v float32, like *graph.Value) func(int) *graph.Value {
		return func(int) *graph.Value { return g.Cast(g.Const(tensor.Vector(v)), like.DType) }
	}
	if v := c.n.Input(1); v != nil && !v.Shape.Size().Is(0) {
		c.n.Inputs[1] = g.Concat(0, append(entries(v, 0, number(0, v)), entries(v, len(axes), number(1, v))...)...)
	}
	if v := c.n.Input(2); v != nil && !v.Shape.Size().Is(0) {
		c.n.Inputs[2] = g.Concat(0, entries(v, 0, number(1, v))...)
	}
	if v := c.n.Input(3); v != nil && !v.Shape.Size().Is(0) {
		c.n.Inputs[3] = g.Concat(0, entries(v, 0, func(i int) *graph.Value { return c.extent(x, i) })...)
	}
	return axes, g.Err()
}

// resizeByMatrices writes what the canonical Resize cannot do as a product with a constant matrix along each axis.
func (c *conversion) resizeByMatrices(x *graph.Value, policy string, axes []int) error {
	sampler, err := graph.NewSampler(c.n)
	if err != nil {
		return err
	}
	if policy != "stretch" && policy != "not_larger" && policy != "not_smaller" || len(axes) == 0 {
		return fmt.Errorf("keep_aspect_ratio_policy %q of axes %v: %w", policy, axes, ErrMalformed)
	}
	if c.n.Str("coordinate_transformation_mode", "") == "tf_crop_and_resize" {
		return fmt.Errorf("tf_crop_and_resize with antialias or keep_aspect_ratio_policy: %w", graph.ErrUnsupported)
	}
	stretches, err := c.stretches(x, policy, axes)
	if err != nil {
		return err
	}
	y := x
	for i, e := range stretches {
		if e.In == e.Out && e.Scale == 1 {
			continue
		}
		if e.In*e.Out > 1<<26 {
			return fmt.Errorf("from %d to %d elements: %w", e.In, e.Out, ErrLimit)
		}
		m := tensor.New(tensor.Float64, e.Out, e.In)
		r := sampler.Resample(e)
		for j := range r.Out {
			for k := r.From[j]; k < r.From[j+1]; k++ {
				tensor.Data[float64](m)[j*r.In+int(r.Index[k])] = r.Weight[k]
			}
		}
		y = c.g.MatMulAlong(i, y, c.g.Cast(c.g.Const(m), x.DType))
	}
	if err := c.g.Err(); err != nil {
		return err
	}
	return c.finish("Identity", nil, y)
}

// stretches are what becomes of the axes, whose extents must be known unless they stay. The policy is for the axes that it
// names: one scale for all, the smallest or the largest.
func (c *conversion) stretches(x *graph.Value, policy string, named []int) ([]graph.Stretch, error) {
	scales, sizes := c.n.Input(2), c.n.Input(3)
	byScale := scales != nil && !scales.Shape.Size().Is(0)
	if byScale == (sizes != nil && !sizes.Shape.Size().Is(0)) {
		return nil, fmt.Errorf("it must be given either scales or sizes: %w", ErrMalformed)
	}
	var factors []float64
	var extents []graph.Dim
	if byScale {
		factors, _ = graph.Floats(scales)
	} else {
		extents = sizes.Ints
	}
	if len(factors)+len(extents) != x.Rank() {
		return nil, fmt.Errorf("scales or sizes that are computed, or not one for each axis: %w", graph.ErrUnsupported)
	}
	out := make([]graph.Stretch, x.Rank())
	for i := range out {
		n, known := x.Shape[i].Known()
		e := graph.Stretch{In: n, Out: n, Scale: 1, Length: float64(n)}
		switch {
		case byScale && factors[i] == 1, !byScale && extents[i].Equal(x.Shape[i]):
		case byScale:
			e.Out, e.Scale, e.Length = int(min(float32(n)*float32(factors[i]), 1<<30)), factors[i], factors[i]*float64(n)
		default:
			size, ok := extents[i].Known()
			known = known && ok
			e.Out, e.Scale, e.Length = size, float64(size)/float64(n), float64(size)
		}
		if changes := e.Scale != 1; changes && (!known || n < 1) {
			return nil, fmt.Errorf("from an extent %v: %w", x.Shape[i], graph.ErrUnsupported)
		}
		if !(e.Scale > 0) || e.Length > math.MaxInt32 {
			return nil, fmt.Errorf("axis %d of %v by %v: %w", i, x.Shape, e.Scale, ErrMalformed)
		}
		out[i] = e
	}
	if policy == "stretch" {
		return out, nil
	}
	scale := out[named[0]].Scale
	for _, i := range named {
		if policy == "not_larger" {
			scale = min(scale, out[i].Scale)
		} else {
			scale = max(scale, out[i].Scale)
		}
	}
	for _, i := range named {
		e := &out[i]
		e.Scale, e.Length = scale, scale*float64(e.In)
		e.Out = int(e.Length + 0.5)
	}
	return out, nil
}
