package vec

import "math"

// The functions of one float32 work in float64 inside, with polynomials just long enough for float32: no compensated
// range reduction is needed, and the result is within 0.6 units in the last place. They are the twins of the assembly.

const (
	ln2    = math.Ln2
	invLn2 = 1 / math.Ln2
	// roundBias added and taken away again rounds a float64 below 2^51 to the nearest integer, which also stands in
	// the low bits of the sum.
	roundBias = 3 << 51
)

// expWide is e^x for -700 < x < 700, to about 3e-10 relative: x = n ln 2 + r with |r| <= ln(2)/2, e^r by its Taylor
// polynomial of degree 8, and 2^n by its bits.
func expWide(x float64) float64 {
	t := x*invLn2 + roundBias
	n := t - roundBias
	r := x - n*ln2
	r2 := r * r
	r4 := r2 * r2
	p := (1 + r) + r2*(1.0/2+r*(1.0/6)) + r4*((1.0/24+r*(1.0/120))+r2*((1.0/720+r*(1.0/5040))+r2*(1.0/40320)))
	return p * math.Float64frombits((math.Float64bits(t)+1023)<<52)
}

// Exp32 is e^x.
func Exp32(x float32) float32 {
	switch {
	case x > 89:
		return float32(math.Inf(1))
	case x < -104:
		return 0
	case x != x:
		return x
	}
	return float32(expWide(float64(x)))
}

// log1pWide is log(1+u) for 0 <= u <= 1, to about 1e-9 relative: with s = u/(2+u), log(1+u) = 2 atanh(s), and s <= 1/3.
func log1pWide(u float64) float64 {
	s := u / (2 + u)
	s2 := s * s
	s4 := s2 * s2
	p := (1 + s2*(1.0/3)) + s4*((1.0/5+s2*(1.0/7))+s4*((1.0/9+s2*(1.0/11))+s4*(1.0/13+s2*(1.0/15))))
	return 2 * s * p
}

// Log32 is the natural logarithm: x = 2^n m with m between sqrt(1/2) and sqrt(2), and log m = 2 atanh((m-1)/(m+1)).
func Log32(x float32) float32 {
	v := float64(x)
	if !(v > 0 && v <= math.MaxFloat32) {
		return float32(math.Log(v))
	}
	bits := math.Float64bits(v)
	// Adding the distance from sqrt(1/2) to 1 in bit space makes the exponent the one that puts m in range.
	k := bits + (0x3ff0000000000000 - 0x3fe6a09e667f3bcd)
	n := float64(int64(k>>52) - 1023)
	m := math.Float64frombits(bits - (k>>52-1023)<<52)
	s := (m - 1) / (m + 1)
	s2 := s * s
	s4 := s2 * s2
	p := (1 + s2*(1.0/3)) + s4*((1.0/5+s2*(1.0/7))+s4*(1.0/9+s2*(1.0/11)))
	return float32(n*ln2 + 2*s*p)
}

// Tanh32 is tanh(x) = (1-e)/(1+e) with e = exp(-2|x|); near 0, where that would cancel, it is x - x^3/3 + 2x^5/15 - ...
func Tanh32(x float32) float32 {
	v := math.Abs(float64(x))
	switch {
	case v < 0.08:
		w := float64(x) * float64(x)
		return float32(float64(x) * (1 - w*(1.0/3-w*(2.0/15-w*(17.0/315-w*(62.0/2835))))))
	case v > 10:
		return float32(math.Copysign(1, float64(x)))
	case x != x:
		return x
	}
	e := expWide(-2 * v)
	return float32(math.Copysign((1-e)/(1+e), float64(x)))
}

// Sigmoid32 is 1/(1+exp(-x)), from the side on which exp cannot overflow.
func Sigmoid32(x float32) float32 {
	if x != x {
		return x
	}
	e := expWide(-min(math.Abs(float64(x)), 110))
	if x >= 0 {
		return float32(1 / (1 + e))
	}
	return float32(e / (1 + e))
}

// Softplus32 is log(1+exp(x)) = max(x,0) + log(1+exp(-|x|)).
func Softplus32(x float32) float32 {
	if x != x {
		return x
	}
	v := float64(x)
	return float32(max(v, 0) + log1pWide(expWide(-min(math.Abs(v), 110))))
}
