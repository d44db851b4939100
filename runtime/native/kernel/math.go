package kernel

import (
	"math"

	"github.com/elbo-ml/elbo/runtime/native/vec"
)

func init() {
	register(
		unary("Exp", vec.Exp, each(math.Exp)),
		unary("Log", vec.Log, each(math.Log)),
		unary("Sqrt", each(func(x float32) float32 { return float32(math.Sqrt(float64(x))) }), each(math.Sqrt)),
		unary("Reciprocal", each(func(x float32) float32 { return 1 / x }), each(func(x float64) float64 { return 1 / x })),
		through("Floor", math.Floor),
		through("Ceil", math.Ceil),
		through("Round", math.RoundToEven),
		through("Erf", math.Erf),
		through("Sin", math.Sin),
		through("Cos", math.Cos),
		ofNumber("Neg", each(negate[float32]), each(negate[float64]), each(negate[int32]), each(negate[int64])),
		ofNumber("Abs", each(func(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }), each(math.Abs), each(absolute[int32]), each(absolute[int64])),
		ofNumber("Sign", each(sign[float32]), each(sign[float64]), each(sign[int32]), each(sign[int64])),
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
