package kernel

// elementwise binds y[i] = f(x[i]) for whole slices at a time; x and y may be the same memory.
func elementwise[T Number](f func(y, x []T)) Bind {
	return func(c *Call) (Task, error) {
		x, y := c.In[0], c.Out[0]
		body := func(lo, hi int) { f(Data[T](y)[lo:hi], Data[T](x)[lo:hi]) }
		return func() error {
			c.Cores.For(y.Len(), grain, body)
			return nil
		}, nil
	}
}

// each lifts a function of one element to slices.
func each[T any](f func(T) T) func(y, x []T) {
	return func(y, x []T) {
		for i, v := range x {
			y[i] = f(v)
		}
	}
}

// unary is the row of an operator of one float tensor.
func unary(op string, f32 func(y, x []float32), f64 func(y, x []float64)) *Kernel {
	return &Kernel{Op: op, Types: floats(elementwise(f32), elementwise(f64)), InPlace: []int{0}, Loop: always(Loop{Unary: f32})}
}

// through lifts a float64 function to both float types.
func through(op string, f func(float64) float64) *Kernel {
	return unary(op, each(func(x float32) float32 { return float32(f(float64(x))) }), each(f))
}
