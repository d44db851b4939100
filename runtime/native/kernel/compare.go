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
		logical("And", func(a, b bool) bool { return a && b }),
		logical("Or", func(a, b bool) bool { return a || b }),
		logical("Xor", func(a, b bool) bool { return a != b }),
		&Kernel{Op: "Not", InPlace: []int{0}, Types: map[tensor.DType]Bind{tensor.Bool: mapped(not)}, Loop: always(Loop{Not: each(not)})},
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

func not(x bool) bool { return !x }

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

func logical(op string, f func(a, b bool) bool) *Kernel {
	return &Kernel{Op: op, InPlace: []int{0, 1}, Types: map[tensor.DType]Bind{tensor.Bool: broadcast(byElement(f))}, Loop: always(Loop{Logic: byElement(f).loop()})}
}

// mapped binds y[i] = f(x[i]) between two types.
func mapped[X, Y element](f func(X) Y) Bind {
	return func(c *Call) (Task, error) {
		x, y := c.In[0], c.Out[0]
		body := func(lo, hi int) {
			xv, yv := Data[X](x)[lo:hi], Data[Y](y)[lo:hi]
			for i, v := range xv {
				yv[i] = f(v)
			}
		}
		return func() error {
			c.Cores.For(y.Len(), grain, body)
			return nil
		}, nil
	}
}
