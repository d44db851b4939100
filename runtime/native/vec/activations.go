package vec

import "math"

// Sqrt is y[i] = sqrt x[i].
func Sqrt(y, x []float32) { asm.sqrt.apply(sqrt32, y, x) }

// Reciprocal is y[i] = 1 / x[i].
func Reciprocal(y, x []float32) { asm.reciprocal.apply(reciprocal32, y, x) }

// Square is y[i] = x[i]^2.
func Square(y, x []float32) { asm.square.apply(square32, y, x) }

// Cube is y[i] = x[i]^3.
func Cube(y, x []float32) { asm.cube.apply(cube32, y, x) }

// Neg is y[i] = -x[i].
func Neg(y, x []float32) { asm.neg.apply(neg32, y, x) }

// Abs is y[i] = |x[i]|.
func Abs(y, x []float32) { asm.abs.apply(abs, y, x) }

// Sign is y[i] = -1, 0 or 1, and NaN for NaN.
func Sign(y, x []float32) { asm.sign.apply(sign32, y, x) }

// Floor is y[i] = x[i] rounded down to an integer.
func Floor(y, x []float32) { asm.floor.apply(floor32, y, x) }

// Ceil is y[i] = x[i] rounded up to an integer.
func Ceil(y, x []float32) { asm.ceil.apply(ceil32, y, x) }

// Round is y[i] = x[i] rounded to the nearest integer, from the middle to the even one.
func Round(y, x []float32) { asm.round.apply(round32, y, x) }

// Relu is y[i] = max(x[i], 0); NaN stays.
func Relu(y, x []float32) { asm.relu.apply(relu32, y, x) }

// Softsign is y[i] = x[i] / (1 + |x[i]|).
func Softsign(y, x []float32) { asm.softsign.apply(softsign32, y, x) }

// HardSwish is y[i] = x[i] * max(0, min(1, x[i]/6 + 1/2)).
func HardSwish(y, x []float32) { asm.hardSwish.apply(hardSwish32, y, x) }

// HardSigmoid is y[i] = max(0, min(1, a*x[i] + b)).
func HardSigmoid(y, x []float32, a, b float32) { asm.hardSigmoid.apply(hardSigmoid32, y, x, a, b, 0) }

// LeakyRelu is y[i] = a*x[i] where x[i] < 0, and x[i] elsewhere.
func LeakyRelu(y, x []float32, a float32) { asm.leakyRelu.apply(leakyRelu32, y, x, a, 0, 0) }

// ThresholdedRelu is y[i] = x[i] where x[i] > a, and 0 elsewhere.
func ThresholdedRelu(y, x []float32, a float32) {
	asm.thresholdedRelu.apply(thresholdedRelu32, y, x, a, 0, 0)
}

// Clip is y[i] = min(max(x[i], low), high); NaN stays.
func Clip(y, x []float32, low, high float32) { asm.clip.apply(clip32, y, x, low, high, 0) }

// Elu is y[i] = a*(e^(b*x[i]) - 1) where x[i] < 0, and c*x[i] elsewhere: Elu, Selu and Celu in one.
func Elu(y, x []float32, a, b, c float32) { asm.elu.apply(elu32, y, x, a, b, c) }

func (f familyAsm) apply(twin func(x, a, b, c float32) float32, y, x []float32, a, b, c float32) {
	x = x[:len(y)]
	if f != nil {
		if len(y) > 0 {
			f(len(y), &y[0], &x[0], a, b, c)
		}
		return
	}
	for i, v := range x {
		y[i] = twin(v, a, b, c)
	}
}

func sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }

func reciprocal32(x float32) float32 { return 1 / x }

func square32(x float32) float32 { return x * x }

func cube32(x float32) float32 { return x * x * x }

func neg32(x float32) float32 { return -x }

func sign32(x float32) float32 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}

func floor32(x float32) float32 { return float32(math.Floor(float64(x))) }

func ceil32(x float32) float32 { return float32(math.Ceil(float64(x))) }

func round32(x float32) float32 { return float32(math.RoundToEven(float64(x))) }

func relu32(x float32) float32 {
	if x < 0 {
		return 0
	}
	return x
}

func softsign32(x float32) float32 { return x / (abs(x) + 1) }

func hardSwish32(x float32) float32 { return x * clip32(fma(x, 1.0/6, 0.5), 0, 1, 0) }

func hardSigmoid32(x, a, b, _ float32) float32 { return clip32(fma(x, a, b), 0, 1, 0) }

func leakyRelu32(x, a, _, _ float32) float32 {
	if x < 0 {
		return x * a
	}
	return x
}

func thresholdedRelu32(x, a, _, _ float32) float32 {
	if x > a {
		return x
	}
	return 0
}

func clip32(x, low, high, _ float32) float32 {
	if low > x {
		x = low
	}
	if high < x {
		x = high
	}
	return x
}

func elu32(x, a, b, c float32) float32 {
	if x < 0 {
		// Below -17.4 the result is -a to the last bit.
		return expm1(clip32(x*b, -25, 88, 0)) * a
	}
	return x * c
}
