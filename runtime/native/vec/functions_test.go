package vec

import (
	"flag"
	"math"
	"testing"
)

var long = flag.Bool("long", false, "hold the functions to their error bounds on all float32")

// functions are those that round more than once, with the bound of their error in ulp.
var functions = []struct {
	name  string
	many  func(y, x []float32)
	one   func(float32) float32
	exact func(float64) float64
	bound float64
}{
	{"exp", Exp, Exp32, math.Exp, 1.02},
	{"log", Log, Log32, math.Log, 0.86},
	{"tanh", Tanh, Tanh32, math.Tanh, 2.7},
	{"sigmoid", Sigmoid, Sigmoid32, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, 2.5},
	{"softplus", Softplus, Softplus32, func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }, 1.9},
	{"erf", Erf, Erf32, math.Erf, 1},
	{"elu", func(y, x []float32) { Elu(y, x, 1, 1, 1) }, func(x float32) float32 { return elu32(x, 1, 1, 1) },
		func(x float64) float64 {
			if x < 0 {
				return math.Expm1(x)
			}
			return x
		}, 1},
}

// sample is every 4999th float32 (all exponents, both signs, infinities and NaNs) and the special ones.
func sample() []float32 {
	var x []float32
	for bits := uint64(0); bits < 1<<32; bits += 4999 {
		x = append(x, math.Float32frombits(uint32(bits)))
	}
	return append(x, special...)
}

var special = []float32{0, float32(math.Copysign(0, -1)), inf32, -inf32, nan32, math.MaxFloat32, -math.MaxFloat32,
	math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, 0x1p-126, -0x1p-126, 1, -1, 88.72283, 88.72284, -87.33654, -87.33655, -103.97,
	-103.98, -104, 89, 110, -110, 0.6666667, 0.6666666, 1.3333333, 0.92773, 0.92774, 10, 20, -17.3, -25, -26}

// ulps is the distance from got to the exact value, in units of the last place of a float32 of that size. The sign of a zero
// counts.
func ulps(got float32, exact float64) float64 {
	want := float32(exact)
	if math.Float32bits(got) == math.Float32bits(want) || got != got && want != want {
		return 0
	}
	if got == want {
		return math.Inf(1) // zeros of different signs
	}
	_, e := math.Frexp(exact)
	return math.Abs(float64(got)-exact) / math.Ldexp(1, max(e-24, -149))
}

func TestFunctionsAreWithinTheirBounds(t *testing.T) {
	xs := sample()
	for _, f := range functions {
		worst, where := 0.0, float32(0)
		for _, x := range xs {
			if d := ulps(f.one(x), f.exact(float64(x))); d > worst || d != d {
				worst, where = d, x
			}
		}
		t.Logf("%s: %.3f ulp at %v", f.name, worst, where)
		if !(worst <= f.bound) {
			t.Errorf("%s(%v) = %v is %.2f ulp from %v", f.name, where, f.one(where), worst, f.exact(float64(where)))
		}
	}
}

func TestFunctionsAreWithinTheirBoundsEverywhere(t *testing.T) {
	if !*long {
		t.Skip("-long holds them on all float32")
	}
	const block = 1 << 16
	for _, f := range functions {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			x, y := make([]float32, block), make([]float32, block)
			worst, where := 0.0, float32(0)
			for first := uint64(0); first < 1<<32; first += block {
				for i := range x {
					x[i] = math.Float32frombits(uint32(first) + uint32(i))
				}
				f.many(y, x)
				for i, v := range x {
					if d := ulps(y[i], f.exact(float64(v))); d > worst || d != d {
						worst, where = d, v
					}
				}
			}
			t.Logf("%.3f ulp at %v", worst, where)
			if !(worst <= f.bound) {
				t.Errorf("%s(%v) is %.2f ulp from %v", f.name, where, worst, f.exact(float64(where)))
			}
		})
	}
}

func TestFunctionsAtTheirEnds(t *testing.T) {
	for _, c := range []struct {
		name     string
		one      func(float32) float32
		x, wants float32
	}{
		{"exp", Exp32, -inf32, 0}, {"exp", Exp32, inf32, inf32}, {"exp", Exp32, 0, 1}, {"exp", Exp32, 88.72284, inf32},
		{"log", Log32, 0, -inf32}, {"log", Log32, float32(math.Copysign(0, -1)), -inf32}, {"log", Log32, 1, 0}, {"log", Log32, inf32, inf32},
		{"tanh", Tanh32, inf32, 1}, {"tanh", Tanh32, -inf32, -1}, {"tanh", Tanh32, math.SmallestNonzeroFloat32, math.SmallestNonzeroFloat32},
		{"sigmoid", Sigmoid32, inf32, 1}, {"sigmoid", Sigmoid32, -inf32, 0}, {"sigmoid", Sigmoid32, 0, 0.5},
		{"softplus", Softplus32, inf32, inf32}, {"softplus", Softplus32, -inf32, 0}, {"softplus", Softplus32, -103, math.SmallestNonzeroFloat32},
		{"erf", Erf32, inf32, 1}, {"erf", Erf32, -inf32, -1}, {"erf", Erf32, 3.9, 1},
	} {
		if got := c.one(c.x); got != c.wants {
			t.Errorf("%s(%v) = %v, want %v", c.name, c.x, got, c.wants)
		}
	}
}

// fma against the exact product and sum, where rounding twice is wrong and where it is not.
func TestFusedMultiplyAdd(t *testing.T) {
	tiny := float32(0x1p-60)
	for _, c := range []struct{ x, y, z, want float32 }{
		{1 + 0x1p-12, 1 + 0x1p-12, tiny, 1 + 0x1p-11 + 0x1p-23}, // (1+2^-12)^2 is in the middle, and tiny is above
		{1 + 0x1p-12, 1 + 0x1p-12, -tiny, 1 + 0x1p-11},          // and below
		{1 + 0x1p-12, 1 + 0x1p-12, 0, 1 + 0x1p-11},              // the middle goes to the even one
		{-1 - 0x1p-12, 1 + 0x1p-12, -tiny, -1 - 0x1p-11 - 0x1p-23},
		{0x1p-100, 0x1p-60, 0x1p-149, 0x1p-149},
		{0x1p-100, 0x1p-50, 0, 0},
		{0x1p-75, 0x1.8p-75, 0, 0x1p-149},
		{inf32, 1, -1, inf32},
		{1, 1, -inf32, -inf32},
		{math.MaxFloat32, 2, 0, inf32},
		{math.MaxFloat32, 2, -math.MaxFloat32, math.MaxFloat32},
	} {
		if got := fma(c.x, c.y, c.z); got != c.want {
			t.Errorf("%v * %v + %v = %v, want %v", c.x, c.y, c.z, got, c.want)
		}
	}
	if got := fma(inf32, 1, -inf32); got == got {
		t.Errorf("inf - inf = %v", got)
	}
}
