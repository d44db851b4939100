package kernel

import "github.com/elbo-ml/elbo/runtime/native/vec"

// binaryOp is an operator of two elements, as the three loops that broadcasting needs. y may be the same memory as a or b.
type binaryOp[A, Y any] struct {
	vv func(y []Y, a, b []A)   // y[i] = a[i] . b[i]
	vs func(y []Y, a []A, b A) // y[i] = a[i] . b
	sv func(y []Y, a A, b []A) // y[i] = a . b[i]
}

// byElement makes the loops of f.
func byElement[A, Y any](f func(a, b A) Y) binaryOp[A, Y] {
	return binaryOp[A, Y]{
		vv: func(y []Y, a, b []A) {
			a, b = a[:len(y)], b[:len(y)]
			for i := range y {
				y[i] = f(a[i], b[i])
			}
		},
		vs: func(y []Y, a []A, b A) {
			a = a[:len(y)]
			for i := range y {
				y[i] = f(a[i], b)
			}
		},
		sv: func(y []Y, a A, b []A) {
			b = b[:len(y)]
			for i := range y {
				y[i] = f(a, b[i])
			}
		},
	}
}

// broadcast binds a binary operator with ONNX's (numpy's) broadcasting.
func broadcast[A, Y element](op binaryOp[A, Y]) Bind {
	return func(c *Call) (Task, error) { return bindBinary(c.Cores, op, c.In[0], c.In[1], c.Out[0]), nil }
}

func bindBinary[A, Y element](p Cores, op binaryOp[A, Y], a, b, y *Buf) Task {
	if y.Len() == 0 {
		return nothing
	}
	s := newSpace(y.Shape, y.Shape.Strides(), broadcastStrides(a.Shape, y.Shape), broadcastStrides(b.Shape, y.Shape))
	inner, as, bs := s.inner(), s.step(1), s.step(2)
	row := func(ys []Y, av, bv []A) {
		switch {
		case bs == 0 && as == 0:
			op.vs(ys[:1], av[:1], bv[0])
			fill(ys[1:], ys[0])
		case bs == 0:
			op.vs(ys, av, bv[0])
		case as == 0:
			op.sv(ys, av[0], bv)
		default:
			op.vv(ys, av, bv)
		}
	}
	if len(s.dims) == 1 {
		body := func(lo, hi int) { row(Data[Y](y)[lo:hi], Data[A](a)[lo*as:], Data[A](b)[lo*bs:]) }
		return func() error {
			p.For(inner, grain, body)
			return nil
		}
	}
	body := func(lo, hi int) {
		yv, av, bv := Data[Y](y), Data[A](a), Data[A](b)
		for i := lo; i < hi; i++ {
			row(yv[i*inner:(i+1)*inner], av[s.offset(1, i):], bv[s.offset(2, i):])
		}
	}
	n, step := s.outer(), rowGrain(inner)
	return func() error {
		p.For(n, step, body)
		return nil
	}
}

// element are the Go types kernels see.
type element interface {
	float32 | float64 | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | bool
}

func arithmetic(op string, f32 binaryOp[float32, float32], f64 binaryOp[float64, float64], i32 binaryOp[int32, int32], i64 binaryOp[int64, int64]) *Kernel {
	return &Kernel{Op: op, Types: numbers(broadcast(f32), broadcast(f64), broadcast(i32), broadcast(i64)), InPlace: []int{0, 1}, Loop: always(Loop{Binary: f32.loop()})}
}

func init() {
	register(
		arithmetic("Add", add32, addOp[float64](), addOp[int32](), addOp[int64]()),
		arithmetic("Sub", sub32, subOp[float64](), subOp[int32](), subOp[int64]()),
		arithmetic("Mul", mul32, mulOp[float64](), mulOp[int32](), mulOp[int64]()),
		arithmetic("Div", div32, divOp[float64](), byElement(quotient[int32]), byElement(quotient[int64])),
	)
}

// The float32 operators have vectors. All but subtraction and division commute.
var (
	add32 = binaryOp[float32, float32]{vv: vec.Add, vs: vec.AddScalar, sv: commuted(vec.AddScalar)}
	sub32 = binaryOp[float32, float32]{vv: vec.Sub, vs: vec.SubScalar, sv: vec.ScalarSub}
	mul32 = binaryOp[float32, float32]{vv: vec.Mul, vs: vec.MulScalar, sv: commuted(vec.MulScalar)}
	div32 = binaryOp[float32, float32]{vv: vec.Div, vs: vec.DivScalar, sv: vec.ScalarDiv}
	min32 = binaryOp[float32, float32]{vv: vec.Min, vs: vec.MinScalar, sv: commuted(vec.MinScalar)}
	max32 = binaryOp[float32, float32]{vv: vec.Max, vs: vec.MaxScalar, sv: commuted(vec.MaxScalar)}
)

func commuted[A, Y any](f func(y []Y, a []A, b A)) func(y []Y, a A, b []A) {
	return func(y []Y, a A, b []A) { f(y, b, a) }
}

func addOp[T Number]() binaryOp[T, T] {
	return binaryOp[T, T]{
		vv: func(y, a, b []T) {
			a, b = a[:len(y)], b[:len(y)]
			for i := range y {
				y[i] = a[i] + b[i]
			}
		},
		vs: func(y, a []T, b T) {
			a = a[:len(y)]
			for i := range y {
				y[i] = a[i] + b
			}
		},
		sv: func(y []T, a T, b []T) {
			b = b[:len(y)]
			for i := range y {
				y[i] = a + b[i]
			}
		},
	}
}

func subOp[T Number]() binaryOp[T, T] {
	return binaryOp[T, T]{
		vv: func(y, a, b []T) {
			a, b = a[:len(y)], b[:len(y)]
			for i := range y {
				y[i] = a[i] - b[i]
			}
		},
		vs: func(y, a []T, b T) {
			a = a[:len(y)]
			for i := range y {
				y[i] = a[i] - b
			}
		},
		sv: func(y []T, a T, b []T) {
			b = b[:len(y)]
			for i := range y {
				y[i] = a - b[i]
			}
		},
	}
}

func mulOp[T Number]() binaryOp[T, T] {
	return binaryOp[T, T]{
		vv: func(y, a, b []T) {
			a, b = a[:len(y)], b[:len(y)]
			for i := range y {
				y[i] = a[i] * b[i]
			}
		},
		vs: func(y, a []T, b T) {
			a = a[:len(y)]
			for i := range y {
				y[i] = a[i] * b
			}
		},
		sv: func(y []T, a T, b []T) {
			b = b[:len(y)]
			for i := range y {
				y[i] = a * b[i]
			}
		},
	}
}

func divOp[T Float]() binaryOp[T, T] {
	return binaryOp[T, T]{
		vv: func(y, a, b []T) {
			a, b = a[:len(y)], b[:len(y)]
			for i := range y {
				y[i] = a[i] / b[i]
			}
		},
		vs: func(y, a []T, b T) {
			a = a[:len(y)]
			for i := range y {
				y[i] = a[i] / b
			}
		},
		sv: func(y []T, a T, b []T) {
			b = b[:len(y)]
			for i := range y {
				y[i] = a / b[i]
			}
		},
	}
}

// quotient is integer division; by zero it gives 0, as no operator may stop the process.
func quotient[T int32 | int64 | uint64](a, b T) T {
	if b == 0 {
		return 0
	}
	return a / b
}

func arithmeticFloat(op string, f32 binaryOp[float32, float32], f64 binaryOp[float64, float64]) *Kernel {
	return &Kernel{Op: op, Types: floats(broadcast(f32), broadcast(f64)), InPlace: []int{0, 1}, Loop: always(Loop{Binary: f32.loop()})}
}
