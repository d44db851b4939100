package importer

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// Clip takes its bounds as inputs since opset 11.
func clip(c *conversion) error {
	if c.opset >= 11 {
		return nil
	}
	x, err := c.input(0)
	if err != nil {
		return err
	}
	for i, name := range []string{"min", "max"} {
		if v, ok := c.n.Attrs[name].(float32); ok {
			c.setInput(1+i, c.g.Scalar(float64(v), x))
		}
		delete(c.n.Attrs, name)
	}
	return nil
}

// Cast says since opset 19 how numbers saturate, and since 24 how they are rounded, in types that are floats of 8 bits.
func cast(c *conversion) error {
	if tensor.Small(tensor.DType(c.n.Int("to", 0))) == nil {
		delete(c.n.Attrs, "saturate")
		delete(c.n.Attrs, "round_mode")
	}
	return nil
}

// CastLike is Cast to the type of its second input.
func castLike(c *conversion) error {
	x, like, err := c.two()
	if err != nil {
		return err
	}
	c.setAttr("to", int64(like.DType))
	if err := cast(c); err != nil {
		return err
	}
	return c.finish("Cast", c.n.Attrs, x)
}

// Gelu (opset 20) is x * 1/2 (1 + erf(x / sqrt 2)), or with approximate = tanh
// x * 1/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) (Hendrycks and Gimpel, arXiv 1606.08415).
func gelu(c *conversion) error {
	x, err := c.input(0)
	if err != nil {
		return err
	}
	g := c.g
	mul := func(a, b *graph.Value) *graph.Value { return g.Node("Mul", nil, a, b) }
	add := func(a, b *graph.Value) *graph.Value { return g.Node("Add", nil, a, b) }
	var s *graph.Value
	switch approximate := c.n.Str("approximate", "none"); approximate {
	case "none":
		s = g.Node("Erf", nil, mul(x, g.Scalar(math.Sqrt2/2, x)))
	case "tanh":
		cube := mul(mul(x, x), mul(x, g.Scalar(0.044715, x)))
		s = g.Node("Tanh", nil, mul(add(x, cube), g.Scalar(math.Sqrt(2/math.Pi), x)))
	default:
		return fmt.Errorf("approximate %q: %w", approximate, graph.ErrUnsupported)
	}
	return c.finish("Mul", nil, mul(x, g.Scalar(0.5, x)), add(s, g.Scalar(1, x)))
}

// Mish (opset 18) is x * tanh(softplus(x)) (Misra, arXiv 1908.08681).
func mish(c *conversion) error {
	x, err := c.input(0)
	if err != nil {
		return err
	}
	return c.finish("Mul", nil, x, c.g.Node("Tanh", nil, c.g.Node("Softplus", nil, x)))
}

// Sum of any number of tensors is a chain of Add.
func variadicSum(c *conversion) error {
	sum, last, err := c.fold()
	switch {
	case err != nil:
		return err
	case sum == nil:
		return c.finish("Identity", nil, last)
	}
	return c.finish("Add", nil, sum, last)
}

// Mean of any number of tensors is their Sum over their number.
func variadicMean(c *conversion) error {
	sum, last, err := c.fold()
	switch {
	case err != nil:
		return err
	case sum == nil:
		return c.finish("Identity", nil, last)
	}
	return c.finish("Div", nil, c.g.Node("Add", nil, sum, last), c.g.Scalar(float64(len(c.n.Inputs)), last))
}

// fold adds all inputs but the last; the sum of none is nil.
func (c *conversion) fold() (sum, last *graph.Value, err error) {
	for i := range max(len(c.n.Inputs), 1) {
		v, err := c.input(i)
		if err != nil {
			return nil, nil, err
		}
		switch {
		case last == nil:
		case sum == nil:
			sum = last
		default:
			sum = c.g.Node("Add", nil, sum, last)
		}
		last = v
	}
	return sum, last, nil
}

// Constant is no node in a graph: its output becomes a constant value.
func constant(c *conversion) error {
	if len(c.n.Outputs) != 1 {
		return fmt.Errorf("%d outputs where there is one: %w", len(c.n.Outputs), ErrMalformed)
	}
	names := c.n.Attrs.Names()
	if len(names) != 1 {
		return fmt.Errorf("it has %d values where one is meant: %w", len(names), ErrMalformed)
	}
	var t *tensor.Tensor
	switch v := c.n.Attrs[names[0]].(type) {
	case *tensor.Tensor:
		t = v
	case float32:
		t = tensor.Scalar(v)
	case int64:
		t = tensor.Scalar(v)
	case []float32:
		t = tensor.Vector(v...)
	case []int64:
		t = tensor.Vector(v...)
	default:
		return fmt.Errorf("%s: %w", names[0], graph.ErrUnsupported)
	}
	v := c.n.Outputs[0]
	v.Hold(t)
	v.Constant, v.Doc = true, c.n.Doc
	c.done = true
	return nil
}
