package importer

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// Pad takes pads and value as inputs since opset 11, and a list of the axes they are meant for since opset 18. The modes
// that repeat what is there are written out as Gather.
func pad(c *conversion) error {
	x, err := c.input(0)
	if err != nil {
		return err
	}
	if c.opset < 11 {
		c.attrToInput("pads", 1)
		if v, ok := c.n.Attrs["value"].(float32); ok && v != 0 {
			c.setInput(2, c.g.Scalar(float64(v), x))
		}
		delete(c.n.Attrs, "value")
	}
	if c.n.Input(3) != nil && c.n.Input(1) != nil {
		if err := c.padAllAxes(x); err != nil {
			return err
		}
	}
	if mode := c.n.Str("mode", "constant"); mode != "constant" {
		return c.padByGather(x, mode)
	}
	return nil
}

// padAllAxes makes pads for some axes those of all.
func (c *conversion) padAllAxes(x *graph.Value) error {
	axes, err := c.constInts(3, "axes")
	if err != nil {
		return err
	}
	pads, err := c.constInts(1, "pads for some axes")
	if err != nil {
		return err
	}
	if len(pads) != 2*len(axes) {
		return fmt.Errorf("%d pads for %d axes: %w", len(pads), len(axes), ErrMalformed)
	}
	all := make([]int64, 2*x.Rank())
	for i, a := range axes {
		at, err := axis(int(a), x.Rank())
		if err != nil || at == x.Rank() {
			return fmt.Errorf("axis %d of %v: %w", a, x.Shape, ErrMalformed)
		}
		all[at], all[at+x.Rank()] = pads[i], pads[i+len(axes)]
	}
	c.n.Inputs = c.n.Inputs[:3]
	c.n.Inputs[1] = c.g.Const(tensor.Vector(all...))
	return nil
}

// maxPad bounds the pads that are written out as lists of places.
const maxPad = 1 << 20

// padByGather pads x axis by axis, each by picking the places that the mode puts there.
func (c *conversion) padByGather(x *graph.Value, mode string) error {
	if c.n.Input(1) == nil {
		return fmt.Errorf("pads are missing: %w", ErrMalformed)
	}
	pads, err := c.constInts(1, "pads of mode "+mode)
	if err != nil {
		return err
	}
	rank := x.Rank()
	if len(pads) != 2*rank {
		return fmt.Errorf("%d pads for %d axes: %w", len(pads), rank, ErrMalformed)
	}
	y := x
	for a := range rank {
		before, after := pads[a], pads[a+rank]
		if before == 0 && after == 0 {
			continue
		}
		if before > maxPad || after > maxPad || before < -maxPad || after < -maxPad {
			return fmt.Errorf("pads of %d and %d: %w", before, after, graph.ErrUnsupported)
		}
		places, err := c.paddedPlaces(x, a, before, after, mode)
		if err != nil {
			return err
		}
		y = c.g.Gather(y, places, a)
	}
	return c.finish("Identity", nil, y)
}

// paddedPlaces are, for an axis of x of extent n, the places that i = -before, ..., n-1+after stand for:
//
//	edge     min(max(i, 0), n-1)
//	wrap     i mod n
//	reflect  min(j, p-j), j = i mod p, p = 2(n-1)
func (c *conversion) paddedPlaces(x *graph.Value, axis int, before, after int64, mode string) (*graph.Value, error) {
	g := c.g
	number := func(v int64) *graph.Value { return g.Const(tensor.Scalar(v)) }
	n := c.scalar(c.extent(x, axis))
	if known, ok := x.Shape[axis].Known(); ok {
		if known < 1 || int64(known)+before+after < 0 {
			return nil, fmt.Errorf("axis %d of %v padded by %d and %d: %w", axis, x.Shape, before, after, ErrMalformed)
		}
		n = number(int64(known))
	}
	i := g.Range(number(-before), g.Add(n, number(after)), number(1))
	last := g.Sub(n, number(1))
	switch mode {
	case "edge":
		return g.Min(g.Max(i, number(0)), last), g.Err()
	case "wrap":
		return g.Node("Mod", nil, i, n), g.Err()
	case "reflect":
		period := g.Max(g.Add(last, last), number(1)) // an extent of 1 has nothing to reflect
		j := g.Node("Mod", nil, i, period)
		return g.Min(j, g.Sub(period, j)), g.Err()
	}
	return nil, fmt.Errorf("mode %q: %w", mode, graph.ErrUnsupported)
}
