package kernel

import (
	"fmt"

	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(
		&Kernel{Op: "ArgMax", Types: numbers(argument(above[float32]), argument(above[float64]), argument(above[int32]), argument(above[int64]))},
		&Kernel{Op: "ArgMin", Types: numbers(argument(below[float32]), argument(below[float64]), argument(below[int32]), argument(below[int64]))},
		oneHot(),
	)
}

func above[T Number](a, b T) bool { return a > b }

func below[T Number](a, b T) bool { return a < b }

// argument is the index of the best element along attribute axis; of equals the first, or the last if so asked.
func argument[T Number](better func(a, b T) bool) Bind {
	return func(c *Call) (Task, error) {
		x, y := c.In[0], c.Out[0]
		axis, err := c.Axis("axis", 0, len(x.Shape))
		if err != nil {
			return nil, err
		}
		last := c.Node.Int("select_last_index", 0) != 0
		n, inner := 1, 1
		if len(x.Shape) > 0 {
			_, n, inner = split(x.Shape, axis)
		}
		if n == 0 && y.Len() > 0 {
			return nil, fmt.Errorf("axis %d is empty and has no such element", axis)
		}
		body := func(lo, hi int) {
			xv, yv := Data[T](x), Data[int64](y)
			for i := lo; i < hi; i++ {
				line := xv[i/inner*n*inner+i%inner:]
				best := 0
				for k := 1; k < n; k++ {
					v, top := line[k*inner], line[best*inner]
					if better(v, top) || last && v == top {
						best = k
					}
				}
				yv[i] = int64(best)
			}
		}
		return func() error {
			c.Cores.For(y.Len(), rowGrain(n), body)
			return nil
		}, nil
	}
}

// oneHot is y = values[1] where the index along the new axis is the one given, values[0] elsewhere; indices outside of
// the depth give no mark.
func oneHot() *Kernel {
	width := map[tensor.DType]Bind{
		tensor.Float32: bindOneHot[float32], tensor.Float64: bindOneHot[float64], tensor.Int64: bindOneHot[int64],
		tensor.Int32: bindOneHot[int32], tensor.Bool: bindOneHot[bool],
	}
	return &Kernel{Op: "OneHot", Key: 2, Types: width}
}

func bindOneHot[T element](c *Call) (Task, error) {
	index, values, y := c.In[0], c.In[2], c.Out[0]
	axis, err := c.Axis("axis", -1, len(y.Shape))
	if err != nil {
		return nil, err
	}
	at, err := indexReader(index)
	if err != nil {
		return nil, err
	}
	_, depth, inner := split(y.Shape, axis)
	return func() error {
		v, yv := Data[T](values), Data[T](y)
		fill(yv, v[0])
		for i := range index.Len() {
			k := at(i)
			if k < 0 {
				k += depth
			}
			if k >= 0 && k < depth {
				yv[(i/inner*depth+k)*inner+i%inner] = v[1]
			}
		}
		return nil
	}, nil
}
