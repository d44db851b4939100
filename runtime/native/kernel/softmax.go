package kernel

import (
	"math"

	"github.com/elbo-ml/elbo/runtime/native/vec"
)

func init() {
	register(
		&Kernel{Op: "Softmax", InPlace: []int{0}, Types: floats(alongAxis(softmax32), alongAxis(softmax[float64]))},
		&Kernel{Op: "LogSoftmax", InPlace: []int{0}, Types: floats(alongAxis(logSoftmax32), alongAxis(logSoftmax[float64]))},
	)
}

// alongAxis binds f to every line of x along attribute axis: n elements, step apart, from index at.
func alongAxis[T Float](f func(y, x []T, at, n, step int)) Bind {
	return func(c *Call) (Task, error) {
		x, y := c.In[0], c.Out[0]
		axis, err := c.Axis("axis", -1, len(x.Shape))
		if err != nil {
			return nil, err
		}
		n, inner := 1, 1
		if len(x.Shape) > 0 {
			_, n, inner = split(x.Shape, axis)
		}
		if x.Len() == 0 {
			return nothing, nil
		}
		body := func(lo, hi int) {
			xv, yv := Data[T](x), Data[T](y)
			for i := lo; i < hi; i++ {
				f(yv, xv, i/inner*n*inner+i%inner, n, inner)
			}
		}
		return func() error {
			c.Cores.For(x.Len()/n, rowGrain(n), body)
			return nil
		}, nil
	}
}

func exp[T Float](x T) T {
	if v, ok := any(x).(float32); ok {
		return T(vec.Exp32(v))
	}
	return T(math.Exp(float64(x)))
}

func largest[T Float](x []T, at, n, step int) T {
	top := x[at]
	for i := 1; i < n; i++ {
		top = max(top, x[at+i*step])
	}
	return top
}

// softmax is exp(x - max x) / sum(exp(x - max x)).
func softmax[T Float](y, x []T, at, n, step int) {
	top := largest(x, at, n, step)
	sum := 0.0
	for i, k := 0, at; i < n; i, k = i+1, k+step {
		y[k] = exp(x[k] - top)
		sum += float64(y[k])
	}
	scale := T(1 / sum)
	for i, k := 0, at; i < n; i, k = i+1, k+step {
		y[k] *= scale
	}
}

// softmax32 is softmax, with vectors where the line's elements are neighbours.
func softmax32(y, x []float32, at, n, step int) {
	if step > 1 {
		softmax(y, x, at, n, step)
		return
	}
	y, x = y[at:at+n], x[at:at+n]
	vec.MulScalar(y, y, float32(1/vec.ExpSum(y, x, vec.Largest(x))))
}

// logSoftmax32 is logSoftmax, with vectors where the line's elements are neighbours.
func logSoftmax32(y, x []float32, at, n, step int) {
	if step > 1 {
		logSoftmax(y, x, at, n, step)
		return
	}
	y, x = y[at:at+n], x[at:at+n]
	top := vec.Largest(x)
	shift := float32(math.Log(vec.SumExp(x, top)))
	vec.SubScalar(y, x, top)
	vec.SubScalar(y, y, shift)
}

// logSoftmax is x - max x - log(sum(exp(x - max x))).
func logSoftmax[T Float](y, x []T, at, n, step int) {
	top := largest(x, at, n, step)
	sum := 0.0
	for i, k := 0, at; i < n; i, k = i+1, k+step {
		sum += float64(exp(x[k] - top))
	}
	shift := T(math.Log(sum))
	for i, k := 0, at; i < n; i, k = i+1, k+step {
		y[k] = x[k] - top - shift
	}
}
