package kernel

import (
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(
		&Kernel{Op: "Min", Types: numbers(variadic(minimum[float32]), variadic(minimum[float64]), variadic(minimum[int32]), variadic(minimum[int64])), Loop: always(Loop{Binary: byElement(minimum[float32]).loop()})},
		&Kernel{Op: "Max", Types: numbers(variadic(maximum[float32]), variadic(maximum[float64]), variadic(maximum[int32]), variadic(maximum[int64])), Loop: always(Loop{Binary: byElement(maximum[float32]).loop()})},
		&Kernel{Op: "Clip", InPlace: []int{0}, Types: numbers(bindClip[float32], bindClip[float64], bindClip[int32], bindClip[int64]), Loop: clipLoop},
		&Kernel{Op: "Pow", Types: numbers(bindPow[float32], bindPow[float64], bindPow[int32], bindPow[int64]), Loop: squareLoop},
	)
}

// variadic binds y = f(f(x0, x1), x2)...
func variadic[T Number](f func(a, b T) T) Bind {
	return func(c *Call) (Task, error) {
		y := c.Out[0]
		op := byElement(f)
		first := c.In[0]
		tasks := []Task{bindBinary(c.Cores, op, first, c.In[min(1, len(c.In)-1)], y)}
		for _, x := range c.In[min(2, len(c.In)):] {
			tasks = append(tasks, bindBinary(c.Cores, op, y, x, y))
		}
		return sequence(tasks...), nil
	}
}

// bindClip is min(max(x, low), high), with bounds that may be missing.
func bindClip[T Number](c *Call) (Task, error) {
	x, low, high, y := c.In[0], c.Input(1), c.Input(2), c.Out[0]
	body := func(lo, hi int) {
		xv, yv := Data[T](x)[lo:hi], Data[T](y)[lo:hi]
		switch {
		case low != nil && high != nil:
			l, h := Data[T](low)[0], Data[T](high)[0]
			for i, v := range xv {
				yv[i] = min(max(v, l), h)
			}
		case low != nil:
			l := Data[T](low)[0]
			for i, v := range xv {
				yv[i] = max(v, l)
			}
		case high != nil:
			h := Data[T](high)[0]
			for i, v := range xv {
				yv[i] = min(v, h)
			}
		default:
			copy(yv, xv)
		}
	}
	return func() error {
		c.Cores.For(y.Len(), grain, body)
		return nil
	}, nil
}

// clipLoop is Clip with bounds that are constants.
func clipLoop(n *graph.Node) *Loop {
	low, high := float32(math.Inf(-1)), float32(math.Inf(1))
	for i, bound := range []*float32{&low, &high} {
		switch v := n.Input(i + 1); {
		case v == nil:
		case v.Data == nil || v.DType != tensor.Float32:
			return nil
		default:
			*bound = tensor.Data[float32](v.Data)[0]
		}
	}
	return &Loop{Unary: each(func(x float32) float32 { return min(max(x, low), high) })}
}

// bindPow is a^b. The exponent may have another type than the base; the common one, the square, is a product.
func bindPow[T Number](c *Call) (Task, error) {
	a, b, y := c.In[0], c.In[1], c.Out[0]
	if isSquare(c.Node) && a.Len() == y.Len() {
		body := func(lo, hi int) {
			av, yv := Data[T](a)[lo:hi], Data[T](y)[lo:hi]
			for i, v := range av {
				yv[i] = v * v
			}
		}
		return func() error {
			c.Cores.For(y.Len(), grain, body)
			return nil
		}, nil
	}
	if b.DType == a.DType {
		return bindBinary(c.Cores, byElement(power[T]), a, b, y), nil
	}
	// The exponents are few as a rule (a scalar): they are converted first.
	wide := NewBuf(a.DType, b.Shape)
	wide.Use(tensor.New(a.DType, b.Shape...).Bytes())
	cast := *c
	cast.In, cast.Out = []*Buf{b}, []*Buf{wide}
	before, err := table["Cast"].Bind(&cast)
	if err != nil {
		return nil, err
	}
	return sequence(before, bindBinary(c.Cores, byElement(power[T]), a, wide, y)), nil
}

func isSquare(n *graph.Node) bool {
	v := n.Input(1).Data
	return v != nil && v.Len() == 1 && v.Floats()[0] == 2
}

// squareLoop is Pow with the constant exponent 2.
func squareLoop(n *graph.Node) *Loop {
	if !isSquare(n) {
		return nil
	}
	return &Loop{Unary: each(func(x float32) float32 { return x * x })}
}

func power[T Number](a, b T) T { return T(math.Pow(float64(a), float64(b))) }
