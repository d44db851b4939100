package kernel

import (
	"github.com/elbo-ml/elbo/runtime/native/vec"
	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(
		comparison("Less", less32, less[float64], less[int32], less[int64]),
		comparison("LessOrEqual", lessOrEqual32, lessOrEqual[float64], lessOrEqual[int32], lessOrEqual[int64]),
		comparison("Greater", mirrored(less32), swapped(less[float64]), swapped(less[int32]), swapped(less[int64])),
		comparison("GreaterOrEqual", mirrored(lessOrEqual32), swapped(lessOrEqual[float64]), swapped(lessOrEqual[int32]), swapped(lessOrEqual[int64])),
		equal(),
		logical("And", func(a, b uint64) uint64 { return a & b }),
		logical("Or", func(a, b uint64) uint64 { return a | b }),
		logical("Xor", func(a, b uint64) uint64 { return a ^ b }),
		&Kernel{Op: "Not", InPlace: []int{0}, Types: map[tensor.DType]Bind{tensor.Bool: converted(not)}, Loop: always(Loop{Not: not})},
		&Kernel{Op: "IsNaN", Types: floats(mapped(isNaN[float32]), mapped(isNaN[float64]))},
	)
}

func comparison(op string, f32 binaryOp[float32, bool], f64 func(a, b float64) bool, i32 func(a, b int32) bool, i64 func(a, b int64) bool) *Kernel {
	return &Kernel{Op: op, Types: numbers(broadcast(f32), broadcast(byElement(f64)), broadcast(byElement(i32)), broadcast(byElement(i64))),
		Loop: always(Loop{Compare: f32.loop()})}
}

// The float32 comparisons have vectors. A number on the left is one on the right of the opposite comparison.
var (
	less32        = binaryOp[float32, bool]{vv: vec.Less, vs: vec.LessScalar, sv: commuted(vec.GreaterScalar)}
	lessOrEqual32 = binaryOp[float32, bool]{vv: vec.LessEqual, vs: vec.LessEqualScalar, sv: commuted(vec.GreaterEqualScalar)}
	equal32       = binaryOp[float32, bool]{vv: vec.Equal, vs: vec.EqualScalar, sv: commuted(vec.EqualScalar)}
)

// mirrored is op with its operands exchanged.
func mirrored[A, Y any](op binaryOp[A, Y]) binaryOp[A, Y] {
	return binaryOp[A, Y]{
		vv: func(y []Y, a, b []A) { op.vv(y, b, a) },
		vs: func(y []Y, a []A, b A) { op.sv(y, b, a) },
		sv: func(y []Y, a A, b []A) { op.vs(y, b, a) },
	}
}

func less[T Number](a, b T) bool { return a < b }

func lessOrEqual[T Number](a, b T) bool { return a <= b }

func same[T comparable](a, b T) bool { return a == b }

func isNaN[T Float](x T) bool { return x != x }

func swapped[T any](f func(a, b T) bool) func(a, b T) bool {
	return func(a, b T) bool { return f(b, a) }
}

func equal() *Kernel {
	k := comparison("Equal", equal32, same[float64], same[int32], same[int64])
	k.Types[tensor.Bool] = broadcast(byElement(same[bool]))
	k.Types[tensor.Uint8] = broadcast(byElement(same[uint8]))
	return k
}

// logical is an operator of two bools by its bits: eight elements at a time.
func logical(op string, f func(a, b uint64) uint64) *Kernel {
	b := byEight(f)
	return &Kernel{Op: op, InPlace: []int{0, 1}, Types: map[tensor.DType]Bind{tensor.Bool: broadcast(b)}, Loop: always(Loop{Logic: b.loop()})}
}

// mapped binds y[i] = f(x[i]) between two types.
func mapped[X, Y element](f func(X) Y) Bind {
	return converted(func(y []Y, x []X) {
		for i, v := range x {
			y[i] = f(v)
		}
	})
}

// converted binds y = f(x) for whole slices at a time.
func converted[X, Y element](f func(y []Y, x []X)) Bind {
	return func(c *Call) (Task, error) {
		x, y := c.In[0], c.Out[0]
		body := func(lo, hi int) { f(Data[Y](y)[lo:hi], Data[X](x)[lo:hi]) }
		return func() error {
			c.Cores.For(y.Len(), grain, body)
			return nil
		}, nil
	}
}
