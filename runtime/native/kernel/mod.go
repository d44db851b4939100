package kernel

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(
		&Kernel{Op: "Mod", Types: map[tensor.DType]Bind{
			tensor.Float32: bindMod(func(a, b float32) float32 { return float32(math.Mod(float64(a), float64(b))) }),
			tensor.Float64: bindMod(math.Mod),
			tensor.Int32:   bindMod(remainder[int32]), tensor.Int64: bindMod(remainder[int64]), tensor.Uint64: bindMod(remainder[uint64]),
		}},
		&Kernel{Op: "IsInf", Types: floats(bindIsInf[float32], bindIsInf[float64])},
		&Kernel{Op: "CumProd", Types: numbers(bindCumProd[float32], bindCumProd[float64], bindCumProd[int32], bindCumProd[int64])},
	)
}

// bindMod is the remainder of a / b, as f gives it with the sign of a; with the sign of b unless attribute fmod is set.
func bindMod[T Number](f func(a, b T) T) Bind {
	return func(c *Call) (Task, error) {
		if c.Node.Int("fmod", 0) != 0 {
			return broadcast(byElement(f))(c)
		}
		return broadcast(byElement(func(a, b T) T {
			r := f(a, b)
			if r != 0 && (r < 0) != (b < 0) {
				r += b
			}
			return r
		}))(c)
	}
}

// remainder is a % b; by zero it is 0, as no operator may stop the process.
func remainder[T int32 | int64 | uint64](a, b T) T {
	if b == 0 {
		return 0
	}
	return a % b
}

// bindIsInf tells infinity, of the signs that attributes detect_positive and detect_negative ask for.
func bindIsInf[T Float](c *Call) (Task, error) {
	positive, negative := c.Node.Int("detect_positive", 1) != 0, c.Node.Int("detect_negative", 1) != 0
	return mapped(func(x T) bool { return positive && math.IsInf(float64(x), 1) || negative && math.IsInf(float64(x), -1) })(c)
}

// bindCumProd is y[i] = x[0] * ... * x[i] along an axis; exclusive leaves x[i] out, reverse multiplies from the end.
func bindCumProd[T Number](c *Call) (Task, error) {
	x, y := c.In[0], c.Out[0]
	exclusive, reverse := c.Node.Int("exclusive", 0) != 0, c.Node.Int("reverse", 0) != 0
	axes, err := c.Ints(1)
	if err != nil {
		return nil, err
	}
	if len(axes) != 1 {
		return nil, fmt.Errorf("%d axes where one is meant", len(axes))
	}
	axis, err := axisOf(axes[0], len(x.Shape))
	if err != nil {
		return nil, err
	}
	_, n, inner := split(x.Shape, axis)
	body := func(lo, hi int) {
		xv, yv := Data[T](x), Data[T](y)
		for i := lo; i < hi; i++ {
			k, step := i/inner*n*inner+i%inner, inner
			if reverse {
				k, step = k+(n-1)*inner, -inner
			}
			product := T(1)
			for range n {
				v := xv[k]
				if exclusive {
					yv[k] = product
				}
				product *= v
				if !exclusive {
					yv[k] = product
				}
				k += step
			}
		}
	}
	return func() error {
		c.Cores.For(x.Len()/max(n, 1), rowGrain(n), body)
		return nil
	}, nil
}
