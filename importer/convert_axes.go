package importer

import (
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// Squeeze and Unsqueeze take their axes as an input since opset 13.
func axesToInput(c *conversion) error {
	if c.opset < 13 {
		c.attrToInput("axes", 1)
	}
	return nil
}

// ReduceSum takes its axes as an input since opset 13.
func reduceSum(c *conversion) error { return axesToInput(c) }

// The other reductions take their axes as an input since opset 18; the canonical form is the attribute.
func reduce(c *conversion) error {
	if c.opset < 18 {
		return nil
	}
	x, err := c.input(0)
	if err != nil {
		return err
	}
	var axes []int64
	if c.n.Input(1) != nil {
		if axes, err = c.constInts(1, "axes"); err != nil {
			return err
		}
	}
	noop := c.n.Int("noop_with_empty_axes", 0) != 0
	delete(c.n.Attrs, "noop_with_empty_axes")
	c.n.Inputs = c.n.Inputs[:1]
	switch {
	case len(axes) > 0:
		c.setAttr("axes", slices.Clone(axes))
	case noop && slices.Contains([]string{"ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd"}, c.n.Op):
		return c.finish("Identity", nil, x)
	case noop:
		return fmt.Errorf("noop_with_empty_axes without axes: %w", graph.ErrUnsupported)
	}
	if x.DType == tensor.Bool { // the greatest and the least of truth values, since opset 20
		numbers := c.g.Node("Cast", graph.Attrs{"to": int64(tensor.Int32)}, x)
		return c.finish("Cast", graph.Attrs{"to": int64(tensor.Bool)}, c.g.Node(c.n.Op, c.n.Attrs, numbers))
	}
	return nil
}

// Split takes its sizes as an input since opset 13, and since opset 18 the number of parts as num_outputs: then the
// last part may be smaller.
func split(c *conversion) error {
	if c.opset < 13 {
		c.attrToInput("split", 1)
		return nil
	}
	parts := c.n.Int("num_outputs", 0)
	delete(c.n.Attrs, "num_outputs")
	if parts <= 0 || c.n.Input(1) != nil {
		return nil
	}
	x, err := c.input(0)
	if err != nil {
		return err
	}
	if parts > c.builder.limits.Edges || parts != len(c.n.Outputs) {
		return fmt.Errorf("num_outputs is %d for %d outputs: %w", parts, len(c.n.Outputs), ErrMalformed)
	}
	a, err := axis(c.n.Int("axis", 0), x.Rank())
	if err != nil || a == x.Rank() {
		return fmt.Errorf("axis %d of %v: %w", c.n.Int("axis", 0), x.Shape, ErrMalformed)
	}
	n, known := x.Shape[a].Known()
	if !known || n%parts == 0 {
		return nil
	}
	chunk := (n + parts - 1) / parts
	sizes := make([]int64, parts)
	for i := range sizes {
		sizes[i] = int64(min(chunk, max(0, n-i*chunk)))
	}
	c.setInput(1, c.g.Const(tensor.Vector(sizes...)))
	return nil
}

// Slice takes everything as inputs since opset 10.
func slice(c *conversion) error {
	if c.opset < 10 {
		c.attrToInput("starts", 1)
		c.attrToInput("ends", 2)
		c.attrToInput("axes", 3)
	}
	return nil
}

// Scatter was renamed in opset 11.
func scatter(c *conversion) error {
	c.n.Op = "ScatterElements"
	return nil
}
