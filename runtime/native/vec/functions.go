package vec

import "math"

// A function of one float32 is the twin of the assembly, which does the same to a slice. Each works in float32 alone, with
// fused multiply-adds; the errors are the largest over all float32, in units of the last place of the exact result.

// Exp is y[i] = e^x[i].
func Exp(y, x []float32) { asm.exp.apply(Exp32, y, x) }

// Log is y[i] = log x[i], the natural logarithm.
func Log(y, x []float32) { asm.log.apply(Log32, y, x) }

// Tanh is y[i] = tanh x[i].
func Tanh(y, x []float32) { asm.tanh.apply(Tanh32, y, x) }

// Sigmoid is y[i] = 1/(1 + e^-x[i]).
func Sigmoid(y, x []float32) { asm.sigmoid.apply(Sigmoid32, y, x) }

// Softplus is y[i] = log(1 + e^x[i]).
func Softplus(y, x []float32) { asm.softplus.apply(Softplus32, y, x) }

// Erf is y[i] = erf x[i].
func Erf(y, x []float32) { asm.erf.apply(Erf32, y, x) }

func (f unaryAsm) apply(twin func(float32) float32, y, x []float32) {
	x = x[:len(y)]
	if f != nil {
		if len(y) > 0 {
			f(len(y), &y[0], &x[0])
		}
		return
	}
	for i, v := range x {
		y[i] = twin(v)
	}
}

const (
	// magic added and taken away again rounds a float32 below 2^22 to the nearest integer, which also stands in the low
	// bits of the sum.
	magic = 3 << 22
	// ln 2 = ln2High + ln2Low, the first being a float32.
	ln2High = 0x1.62e43p-1
	ln2Low  = math.Ln2 - ln2High
)

var (
	inf32 = float32(math.Inf(1))
	nan32 = float32(math.NaN())
)

// reduced writes e^x = (1 + p) 2^n with |log(1+p)| <= ln(2)/2: x = n ln 2 + r, and p = e^r - 1 by a polynomial of degree 6
// that is within 2^-28 of it relative to e^r.
func reduced(x float32) (p float32, n int32) {
	t := fma(x, math.Log2E, magic)
	whole := t - magic
	r := fma(whole, -ln2High, x)
	r = fma(whole, -ln2Low, r)
	q := fma(0.00138195127, r, 0.0083686905)
	q = fma(q, r, 0.041668281)
	q = fma(q, r, 0.166665211)
	q = fma(q, r, 0.49999994)
	return fma(q, r*r, r), int32(math.Float32bits(t) - math.Float32bits(magic))
}

// power is 2^n for -127 < n < 128.
func power(n int32) float32 { return math.Float32frombits(uint32(n+127) << 23) }

// exponential is e^x for -104 <= x <= 89. The power of 2 comes in two factors, the last of which alone rounds, so that
// small results are right down to the denormal ones.
func exponential(x float32) float32 {
	p, n := reduced(x)
	return (1 + p) * power(n>>1) * power(n-n>>1)
}

// expm1 is e^x - 1 for -87 < x < 88.
func expm1(x float32) float32 {
	p, n := reduced(x)
	return fma(p, power(n), power(n)-1)
}

// Exp32 is e^x, within 1.02 ulp.
func Exp32(x float32) float32 {
	if x != x {
		return x
	}
	return exponential(max(min(x, 89), -104))
}

// decay is e^-|x|.
func decay(x float32) float32 { return exponential(max(-abs(x), -104)) }

// Sigmoid32 is 1/(1+exp(-x)), from the side on which exp cannot overflow, within 2.5 ulp.
func Sigmoid32(x float32) float32 {
	if x != x {
		return x
	}
	e := decay(x)
	if math.Signbit(float64(x)) {
		return e / (1 + e)
	}
	return 1 / (1 + e)
}

// Softplus32 is log(1+exp(x)) = max(x,0) + log(1+u), where u = exp(-|x|) and log(1+u) is u and a polynomial times
// u^2, within 1.9 ulp.
func Softplus32(x float32) float32 {
	if x != x {
		return x
	}
	u := decay(x)
	q := fma(0.00208454439, u, -0.0136916712)
	q = fma(q, u, 0.0421148241)
	q = fma(q, u, -0.0832389519)
	q = fma(q, u, 0.124795295)
	q = fma(q, u, -0.161351711)
	q = fma(q, u, 0.198996231)
	q = fma(q, u, -0.249888644)
	q = fma(q, u, 0.333327144)
	q = fma(q, u, -0.499999881)
	return max(x, 0) + fma(q, u*u, u)
}

// Tanh32 is tanh(x) = t/(t+2) with t = exp(2|x|) - 1, which loses nothing near 0, within 2.7 ulp.
func Tanh32(x float32) float32 {
	if x != x {
		return x
	}
	a := abs(x)
	t := expm1(min(a+a, 20))
	return copysign(t/(t+2), x)
}

// Log32 is the natural logarithm: x = 2^n (1+f) with 1+f between 2/3 and 4/3, and log(1+f) is f - f^2/2 and a polynomial
// times f^3, after N. Juffa, within 0.86 ulp. log 0 is -Inf, and of a negative number NaN.
func Log32(x float32) float32 {
	switch {
	case x == 0:
		return -inf32
	case x < 0:
		return nan32
	case !(x <= math.MaxFloat32):
		return x
	}
	n := float32(0)
	if x < 0x1p-126 {
		x, n = x*0x1p23, -23
	}
	twoThirds := math.Float32bits(float32(2.0 / 3))
	e := (math.Float32bits(x) - twoThirds) & 0xff800000
	f := math.Float32frombits(math.Float32bits(x)-e) - 1
	n = fma(float32(int32(e)), 0x1p-23, n)
	s := f * f
	t := fma(0.140869141, s, 0.139814854)
	t = fma(t, s, 0.200120345)
	r := fma(-0.130310059, s, -0.121484190)
	r = fma(r, s, -0.166846052)
	r = fma(r, s, -0.249996200)
	r = fma(t, f, r)
	r = fma(r, f, 0.333331972)
	r = fma(r, f, -0.5)
	r = fma(r, s, f)
	return fma(n, math.Ln2, r)
}

// Erf32 is erf(x): x and a polynomial in x^2 times x where |x| is small, and beyond it 1 - e^-g, where g is a polynomial in
// |x|; both after N. Juffa, within 1 ulp.
func Erf32(x float32) float32 {
	if x != x {
		return x
	}
	t := min(abs(x), 4)
	if t <= 0.927734375 {
		s := x * x
		r := fma(-5.96761703e-4, s, 4.99119423e-3)
		r = fma(r, s, -2.67681349e-2)
		r = fma(r, s, 1.12819925e-1)
		r = fma(r, s, -3.76125336e-1)
		r = fma(r, s, 1.28379166e-1)
		return fma(r, x, x)
	}
	w := t * t
	r := fma(-1.72853470e-5, t, 3.83197126e-4)
	u := fma(-3.88396438e-3, t, 2.42546219e-2)
	r = fma(r, w, u)
	r = fma(r, t, -1.06777877e-1)
	r = fma(r, t, -6.34846687e-1)
	r = fma(r, t, -1.28717512e-1)
	r = fma(r, t, -t)
	return copysign(expm1(r), x)
}

func abs(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

func copysign(x, sign float32) float32 {
	return math.Float32frombits(math.Float32bits(abs(x)) | math.Float32bits(sign)&(1<<31))
}

// fma is x*y + z with one rounding, to float32.
func fma(x, y, z float32) float32 {
	// The product is exact in float64, and rounding their sum to float32 is right unless the sum looks like the middle
	// between two of them and may have been rounded to it.
	s := float64(x)*float64(y) + float64(z)
	if math.Float64bits(s)&(1<<29-1) != 1<<28 && math.Abs(s) > 0x1p-126 {
		return float32(s)
	}
	return fmaToOdd(float64(x)*float64(y), float64(z))
}

// fmaToOdd is p + z, rounded to an odd float64 first, after which rounding to float32 is as good as rounding once (Boldo
// and Melquiond, 2008).
func fmaToOdd(p, z float64) float32 {
	s := p + z
	v := s - p
	lost := (p - (s - v)) + (z - v)
	if b := math.Float64bits(s); lost < 0 || lost > 0 { // not NaN
		if b&1 == 0 {
			if lost > 0 == (s > 0) {
				b++
			} else {
				b--
			}
		}
		s = math.Float64frombits(b)
	}
	return float32(s)
}
