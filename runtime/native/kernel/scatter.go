package kernel

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	types := anyType(bindScatter[uint8], bindScatter[uint16], bindScatter[uint32], bindScatter[uint64])
	types[tensor.Float32], types[tensor.Float64] = bindScatterWith[float32], bindScatterWith[float64]
	types[tensor.Int32], types[tensor.Int64] = bindScatterWith[int32], bindScatterWith[int64]
	register(&Kernel{Op: "ScatterElements", Types: types, InPlace: []int{0}})
}

// bindScatterWith is y = x, then y[index[i][j]][j] = update(y[..], updates[i][j]) for axis 0, and so on.
func bindScatterWith[T Number](c *Call) (Task, error) {
	switch r := c.Node.Str("reduction", "none"); r {
	case "none":
		return scatter(c, func(y, u T) T { return u })
	case "add":
		return scatter(c, func(y, u T) T { return y + u })
	case "mul":
		return scatter(c, func(y, u T) T { return y * u })
	case "max":
		return scatter(c, maximum[T])
	case "min":
		return scatter(c, minimum[T])
	default:
		return nil, fmt.Errorf("reduction %q: %w", r, graph.ErrUnsupported)
	}
}

func bindScatter[T word](c *Call) (Task, error) {
	if r := c.Node.Str("reduction", "none"); r != "none" {
		return nil, fmt.Errorf("reduction %q of %v: %w", r, c.In[0].DType, graph.ErrUnsupported)
	}
	return scatter(c, func(y, u T) T { return u })
}

// scatter takes the updates of a line in their order and the lines apart. Where there are fewer lines than cores (the gradient of
// a MaxPool has one), each core takes those that fall into its part of a line. So the result does not depend on the cores.
func scatter[T element](c *Call, f func(y, u T) T) (Task, error) {
	x, index, updates, y := c.In[0], c.In[1], c.In[2], c.Out[0]
	axis, err := c.Axis("axis", 0, len(x.Shape))
	if err != nil {
		return nil, err
	}
	l, err := newLines(index.Shape, x.Shape, axis)
	if err != nil {
		return nil, err
	}
	parts := 1
	if l.n > grain {
		parts = max(1, c.Cores.Count()/max(l.count, 1))
	}
	body := func(lo, hi int) {
		yv, uv := Data[T](y), Data[T](updates)
		for i := lo; i < hi; i++ {
			small, large := l.start(i / parts)
			from, to := i%parts*l.extent/parts, (i%parts+1)*l.extent/parts
			for range l.n {
				if k := indexAt(index, small, l.extent); k >= from && k < to {
					at := large + k*l.largeStep
					yv[at] = f(yv[at], uv[small])
				}
				small += l.step
			}
		}
	}
	begin := func(lo, hi int) { copy(Data[T](y)[lo:hi], Data[T](x)[lo:hi]) }
	return func() error {
		if err := checkIndices(index, l.extent); err != nil {
			return err
		}
		c.Cores.For(y.Len(), grain, begin)
		c.Cores.For(l.count*parts, rowGrain(l.n), body)
		return nil
	}, nil
}
