package kernel

import (
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/vec"
	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(
		picking("Min", min32, minimum[float64], minimum[int32], minimum[int64]),
		picking("Max", max32, maximum[float64], maximum[int32], maximum[int64]),
		&Kernel{Op: "Clip", InPlace: []int{0}, Types: numbers(bindClip(vec.Clip), bindClip(clip[float64]), bindClip(clip[int32]), bindClip(clip[int64])), Loop: clipLoop},
		&Kernel{Op: "Pow", Types: numbers(bindPow[float32], bindPow[float64], bindPow[int32], bindPow[int64]), Loop: powLoop},
	)
}

func picking(op string, f32 binaryOp[float32, float32], f64 func(a, b float64) float64, i32 func(a, b int32) int32, i64 func(a, b int64) int64) *Kernel {
	return &Kernel{Op: op, Types: numbers(variadic(f32), variadic(byElement(f64)), variadic(byElement(i32)), variadic(byElement(i64))), Loop: always(Loop{Binary: f32.loop()})}
}

// variadic binds y = f(f(x0, x1), x2)...
func variadic[T Number](op binaryOp[T, T]) Bind {
	return func(c *Call) (Task, error) {
		y := c.Out[0]
		first := c.In[0]
		tasks := []Task{bindBinary(c.Cores, op, first, c.In[min(1, len(c.In)-1)], y)}
		for _, x := range c.In[min(2, len(c.In)):] {
			tasks = append(tasks, bindBinary(c.Cores, op, y, x, y))
		}
		return sequence(tasks...), nil
	}
}

// bindClip is min(max(x, low), high), with bounds that may be missing.
func bindClip[T Number](f func(y, x []T, low, high T)) Bind {
	return func(c *Call) (Task, error) {
		x, y := c.In[0], c.Out[0]
		bound := func(i int, without T) T {
			if b := c.Input(i); b != nil {
				return Data[T](b)[0]
			}
			return without
		}
		least, most := ends[T]()
		body := func(lo, hi int) {
			f(Data[T](y)[lo:hi], Data[T](x)[lo:hi], bound(1, least), bound(2, most))
		}
		return func() error {
			c.Cores.For(y.Len(), grain, body)
			return nil
		}, nil
	}
}

// ends are the least and the largest number of a type.
func ends[T Number]() (least, most T) {
	switch any(least).(type) {
	case int32:
		low, high := int32(math.MinInt32), int32(math.MaxInt32)
		return T(low), T(high)
	case int64:
		low, high := int64(math.MinInt64), int64(math.MaxInt64)
		return T(low), T(high)
	case uint64:
		high := uint64(math.MaxUint64)
		return 0, T(high)
	}
	return T(math.Inf(-1)), T(math.Inf(1))
}

func clip[T Number](y, x []T, low, high T) {
	for i, v := range x {
		y[i] = min(max(v, low), high)
	}
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
	return &Loop{Unary: func(y, x []float32) { vec.Clip(y, x, low, high) }}
}

// bindPow is a^b. The exponent may have another type than the base; the common ones need no power.
func bindPow[T Number](c *Call) (Task, error) {
	a, b, y := c.In[0], c.In[1], c.Out[0]
	if f := powerOf[T](c.Node); f != nil && a.Len() == y.Len() {
		return elementwise(f)(c)
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

// powerOf is x^b for the constant exponents that need no logarithm, and nil for others.
func powerOf[T Number](n *graph.Node) func(y, x []T) {
	v := n.Input(1).Data
	if v == nil || v.Len() != 1 {
		return nil
	}
	exponent := v.Floats()[0]
	var zero T
	if _, ok := any(zero).(float32); ok {
		if f, ok := any(powers32[exponent]).(func(y, x []T)); ok {
			return f
		}
		return nil
	}
	if exponent == 2 {
		return each(func(x T) T { return x * x })
	}
	return nil
}

// powers32 are x^b. The power 1/2 is the square root, NaN below 0.
var powers32 = map[float64]func(y, x []float32){-1: vec.Reciprocal, 0.5: vec.Sqrt, 2: vec.Square, 3: vec.Cube}

// powLoop is Pow with a constant exponent.
func powLoop(n *graph.Node) *Loop {
	f := powerOf[float32](n)
	if f == nil || dimsOf(n.Inputs[0]).Size() != dimsOf(n.Outputs[0]).Size() {
		return nil
	}
	return &Loop{Unary: f}
}

func power[T Number](a, b T) T { return T(math.Pow(float64(a), float64(b))) }
