package kernel

import (
	"math"

	"github.com/elbo-ml/elbo/runtime/native/vec"
)

func init() {
	register(
		unary("Exp", vec.Exp, each(math.Exp)),
		unary("Log", vec.Log, each(math.Log)),
		unary("Sqrt", vec.Sqrt, each(math.Sqrt)),
		unary("Reciprocal", vec.Reciprocal, each(func(x float64) float64 { return 1 / x })),
		unary("Floor", vec.Floor, each(math.Floor)),
		unary("Ceil", vec.Ceil, each(math.Ceil)),
		unary("Round", vec.Round, each(math.RoundToEven)),
		unary("Erf", vec.Erf, each(math.Erf)),
		through("Sin", math.Sin),
		through("Cos", math.Cos),
		ofNumber("Neg", vec.Neg, each(negate[float64]), each(negate[int32]), each(negate[int64])),
		ofNumber("Abs", vec.Abs, each(math.Abs), each(absolute[int32]), each(absolute[int64])),
		ofNumber("Sign", vec.Sign, each(sign[float64]), each(sign[int32]), each(sign[int64])),
	)
}

func ofNumber(op string, f32 func(y, x []float32), f64 func(y, x []float64), i32 func(y, x []int32), i64 func(y, x []int64)) *Kernel {
	return &Kernel{Op: op, Types: numbers(elementwise(f32), elementwise(f64), elementwise(i32), elementwise(i64)), InPlace: []int{0}, Loop: always(Loop{Unary: f32})}
}

func negate[T Number](x T) T { return -x }

func absolute[T Number](x T) T {
	if x < 0 {
		return -x
	}
	return x
}

// sign is -1, 0 or 1, and NaN for NaN.
func sign[T Float | int32 | int64](x T) T {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}
