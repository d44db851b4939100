package kernel

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(
		&Kernel{Op: "Pad", Types: anyType(bindPad[uint8], bindPad[uint16], bindPad[uint32], bindPad[uint64])},
		&Kernel{Op: "Tile", Types: anyType(bindTile[uint8], bindTile[uint16], bindTile[uint32], bindTile[uint64])},
	)
}

// bindPad puts a constant around x; negative pads cut.
func bindPad[T word](c *Call) (Task, error) {
	x, value, y := c.In[0], c.Input(2), c.Out[0]
	if mode := c.Node.Str("mode", "constant"); mode != "constant" {
		return nil, fmt.Errorf("mode %q: %w", mode, graph.ErrUnsupported)
	}
	pads, err := c.Ints(1)
	if err != nil {
		return nil, err
	}
	block, dst, src := make(tensor.Shape, len(x.Shape)), 0, 0
	xs, ys := x.Shape.Strides(), y.Shape.Strides()
	for axis, n := range x.Shape {
		before := pads[axis]
		from := max(0, -before) // the first index of x that is kept
		to := min(n, y.Shape[axis]-before)
		block[axis] = max(0, to-from)
		dst += (from + before) * ys[axis]
		src += from * xs[axis]
	}
	body := func(lo, hi int) {
		var v T
		if value != nil {
			v = Data[T](value)[0]
		}
		fill(Data[T](y)[lo:hi], v)
	}
	around := func() error {
		c.Cores.For(y.Len(), grain, body)
		return nil
	}
	if block.Size() == 0 {
		return around, nil
	}
	return sequence(around, copyStrided[T](c.Cores, y, x, newSpace(block, ys, xs), dst, src)), nil
}

// bindTile repeats x along each axis.
func bindTile[T word](c *Call) (Task, error) {
	x, y := c.In[0], c.Out[0]
	var dims tensor.Shape
	var strides []int
	for axis, s := range x.Shape.Strides() {
		if n := x.Shape[axis]; n > 0 {
			dims = append(dims, y.Shape[axis]/n, n)
			strides = append(strides, 0, s)
		}
	}
	if y.Len() == 0 {
		return nothing, nil
	}
	return copyStrided[T](c.Cores, y, x, newSpace(dims, dims.Strides(), strides), 0, 0), nil
}
