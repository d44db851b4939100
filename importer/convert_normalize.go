package importer

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// rmsNormalization is x / sqrt(mean x*x + epsilon) * scale over the axes from axis on (Zhang and Sennrich,
// arXiv 1910.07467), in the type that stash_type names.
func rmsNormalization(c *conversion) error {
	x, scale, err := c.two()
	if err != nil {
		return err
	}
	a, err := axis(c.n.Int("axis", -1), x.Rank())
	if err != nil || a == x.Rank() {
		return fmt.Errorf("axis %d of %v: %w", c.n.Int("axis", -1), x.Shape, ErrMalformed)
	}
	var over []int
	for i := a; i < x.Rank(); i++ {
		over = append(over, i)
	}
	g, wide := c.g, x
	if to := tensor.DType(c.n.Int("stash_type", 1)); to == tensor.Float32 && x.DType != tensor.Float64 {
		wide = g.Cast(x, to)
	}
	epsilon := g.Scalar(float64(c.n.Float("epsilon", 1e-5)), wide)
	unit := g.Div(wide, g.Sqrt(g.Add(g.ReduceMean(g.Mul(wide, wide), true, over...), epsilon)))
	return c.finish("Mul", nil, g.Cast(unit, scale.DType), scale)
}

// lpNormalization is x over its p-norm along an axis, and 0 where that is 0.
func lpNormalization(c *conversion) error {
	x, err := c.input(0)
	if err != nil {
		return err
	}
	p := c.n.Int("p", 2)
	if p != 1 && p != 2 {
		return fmt.Errorf("p = %d: %w", p, ErrMalformed)
	}
	op := map[int]string{1: "ReduceL1", 2: "ReduceL2"}[p]
	norm := c.g.Node(op, graph.Attrs{"axes": []int64{int64(c.n.Int("axis", -1))}, "keepdims": int64(1)}, x)
	return c.finish("Div", nil, x, c.g.Where(c.g.Equal(norm, c.g.Scalar(0, x)), c.g.Scalar(1, x), norm))
}

// meanVarianceNormalization is (x - mean) / (sqrt(variance) + 1e-9) over the axes.
func meanVarianceNormalization(c *conversion) error {
	x, err := c.input(0)
	if err != nil {
		return err
	}
	axes := c.n.Ints("axes")
	if axes == nil {
		axes = []int{0, 2, 3}
	}
	g := c.g
	d := g.Sub(x, g.ReduceMean(x, true, axes...))
	return c.finish("Div", nil, d, g.Add(g.Sqrt(g.ReduceMean(g.Mul(d, d), true, axes...)), g.Scalar(1e-9, x)))
}

// lrn is x / (bias + alpha/size * sum of x*x over size neighbouring channels)^beta (Krizhevsky et al. 2012, section 3.3).
func lrn(c *conversion) error {
	x, err := c.input(0)
	if err != nil {
		return err
	}
	size := c.n.Int("size", 0)
	if x.Rank() < 2 || size < 1 || size > 1<<16 {
		return fmt.Errorf("size %d on %v: %w", size, x, ErrMalformed)
	}
	channels, known := x.Shape[1].Known()
	if !known {
		return fmt.Errorf("%v channels: %w", x.Shape[1], graph.ErrUnsupported)
	}
	g := c.g
	rows := g.Reshape(g.Mul(x, x), g.Int64s(0, 1, channels, -1))
	before := (size - 1) / 2
	mean := g.Node("AveragePool", graph.Attrs{"kernel_shape": []int64{int64(size), 1}, "pads": []int64{int64(before), 0, int64(size - 1 - before), 0},
		"count_include_pad": int64(1)}, rows)
	around := g.Reshape(mean, g.ShapeOf(x))
	base := g.Add(g.Scalar(float64(c.n.Float("bias", 1)), x), g.Mul(g.Scalar(float64(c.n.Float("alpha", 1e-4)), x), around))
	return c.finish("Div", nil, x, g.Pow(base, g.Scalar(float64(c.n.Float("beta", 0.75)), x)))
}

// hardmax is 1 at the first maximum along an axis and 0 elsewhere. Before opset 13 all axes from axis on (1 by default)
// were one.
func hardmax(c *conversion) error {
	x, err := c.input(0)
	if err != nil {
		return err
	}
	g := c.g
	mark := func(x *graph.Value, a int) *graph.Value {
		best := g.Node("ArgMax", graph.Attrs{"axis": int64(a), "keepdims": int64(0)}, x)
		values := g.Concat(0, g.Unsqueeze(g.Scalar(0, x), 0), g.Unsqueeze(g.Scalar(1, x), 0))
		return g.Node("OneHot", graph.Attrs{"axis": int64(a)}, best, c.scalar(c.extent(x, a)), values)
	}
	def := -1
	if c.opset < 13 {
		def = 1
	}
	a, err := axis(c.n.Int("axis", def), x.Rank())
	if err != nil || a == x.Rank() && c.opset >= 13 {
		return fmt.Errorf("axis %d of %v: %w", c.n.Int("axis", def), x.Shape, ErrMalformed)
	}
	if c.opset >= 13 {
		return c.give(mark(x, a))
	}
	return c.finish("Reshape", nil, mark(g.Node("Flatten", graph.Attrs{"axis": int64(a)}, x), 1), g.ShapeOf(x))
}

// swish is x * sigmoid(alpha x) (Ramachandran et al., arXiv 1710.05941).
func swish(c *conversion) error {
	x, err := c.input(0)
	if err != nil {
		return err
	}
	return c.finish("Mul", nil, x, c.g.Sigmoid(c.g.Mul(x, c.g.Scalar(float64(c.n.Float("alpha", 1)), x))))
}

// shrink is x + bias below -lambd, x - bias above lambd, and 0 between.
func shrink(c *conversion) error {
	x, err := c.input(0)
	if err != nil {
		return err
	}
	g := c.g
	v := c.number(x)
	lambda, bias := float64(c.n.Float("lambd", 0.5)), g.Scalar(float64(c.n.Float("bias", 0)), v)
	above := g.Where(g.Greater(v, g.Scalar(lambda, v)), g.Sub(v, bias), g.Scalar(0, v))
	y := g.Where(g.Less(v, g.Scalar(-lambda, v)), g.Add(v, bias), above)
	return c.finish("Cast", graph.Attrs{"to": int64(x.DType)}, y)
}
