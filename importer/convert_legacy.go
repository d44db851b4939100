package importer

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
)

// alignedBroadcast: before opset 7 an operand was stretched only where attribute broadcast asked for it, and attribute axis
// told which axis of the first operand its first one stands for.
func alignedBroadcast(c *conversion) error {
	if c.opset >= 7 {
		return nil
	}
	a, b, err := c.two()
	if err != nil {
		return err
	}
	stretched := c.n.Int("broadcast", 0) != 0
	at := c.n.Int("axis", a.Rank()-b.Rank())
	delete(c.n.Attrs, "broadcast")
	delete(c.n.Attrs, "axis")
	delete(c.n.Attrs, "consumed_inputs")
	if !stretched {
		if a.Rank() != b.Rank() {
			return fmt.Errorf("%v and %v without broadcast: %w", a.Shape, b.Shape, ErrMalformed)
		}
		return nil
	}
	if at, err = axis(at, a.Rank()); err != nil || at+b.Rank() > a.Rank() {
		return fmt.Errorf("%v along axis %d of %v: %w", b.Shape, at, a.Shape, ErrMalformed)
	}
	c.n.Inputs[1] = c.withAxesBehind(b, a.Rank()-at-b.Rank())
	return nil
}

// withAxesBehind is x with n more axes of 1 at the end.
func (c *conversion) withAxesBehind(x *graph.Value, n int) *graph.Value {
	if n == 0 {
		return x
	}
	axes := make([]int, n)
	for i := range axes {
		axes[i] = x.Rank() + i
	}
	return c.g.Unsqueeze(x, axes...)
}

// PRelu had one slope for each channel before opset 7.
func prelu(c *conversion) error {
	if c.opset >= 7 {
		return nil
	}
	x, slope, err := c.two()
	if err != nil {
		return err
	}
	delete(c.n.Attrs, "consumed_inputs")
	if slope.Rank() == 1 && !slope.Shape[0].Is(1) && x.Rank() > 2 {
		c.n.Inputs[1] = c.withAxesBehind(slope, x.Rank()-2)
	}
	return nil
}

// Gemm stretched its third operand only where attribute broadcast asked for it before opset 7.
func gemm(c *conversion) error {
	if c.opset < 7 {
		delete(c.n.Attrs, "broadcast")
	}
	return nil
}
