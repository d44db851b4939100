package kernel

import (
	"math"
	"testing"
)

// ulps is the distance from got to the exact value, in units of the last place of a float32 of that size.
func ulps(got float32, exact float64) float64 {
	want := float32(exact)
	if math.Float32bits(got) == math.Float32bits(want) || got != got && want != want {
		return 0
	}
	_, e := math.Frexp(exact)
	return math.Abs(float64(got)-exact) / math.Ldexp(1, max(e-24, -149))
}

// The functions are held to float64's over every 997th float32: all exponents, both signs, infinities and NaN.
func TestFloat32FunctionsAreWithinOneUlp(t *testing.T) {
	for _, f := range []struct {
		name  string
		got   func(float32) float32
		exact func(float64) float64
		ulps  float64
	}{
		{"exp", exp32, math.Exp, 0.6},
		{"log", log32, math.Log, 0.6},
		{"tanh", tanh32, math.Tanh, 0.6},
		{"sigmoid", sigmoid32, sigmoid64, 0.6},
		{"softplus", softplus32, softplus64, 0.6},
	} {
		worst, where := 0.0, float32(0)
		for bits := uint64(0); bits < 1<<32; bits += 997 {
			x := math.Float32frombits(uint32(bits))
			if d := ulps(f.got(x), f.exact(float64(x))); d > worst || d != d {
				worst, where = d, x
			}
		}
		if !(worst <= f.ulps) {
			t.Errorf("%s(%v) = %v is %.2f ulp from %v", f.name, where, f.got(where), worst, f.exact(float64(where)))
		}
		for _, x := range []float32{0, float32(math.Copysign(0, -1)), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), math.MaxFloat32, -math.MaxFloat32} {
			if d := ulps(f.got(x), f.exact(float64(x))); !(d <= f.ulps) {
				t.Errorf("%s(%v) = %v, want %v", f.name, x, f.got(x), f.exact(float64(x)))
			}
		}
	}
}

func TestHalfFloatsGoBothWays(t *testing.T) {
	for bits := range 1 << 16 {
		h := uint16(bits)
		x := halfToFloat(h)
		if x == x && floatToHalf(x) != h {
			t.Fatalf("half %#x is %v and comes back as %#x", h, x, floatToHalf(x))
		}
		if b := bfloatToFloat(h); b == b && floatToBfloat(b) != h {
			t.Fatalf("bfloat %#x is %v and comes back as %#x", h, b, floatToBfloat(b))
		}
	}
	for _, c := range []struct {
		x    float32
		want uint16
	}{{1, 0x3c00}, {65504, 0x7bff}, {65519, 0x7bff}, {65520, 0x7c00}, {5.9604645e-8, 1}, {2.9802322e-8, 0}, {1.0004883, 0x3c00}, {1.0014648, 0x3c02}, {-2, 0xc000}} {
		if got := floatToHalf(c.x); got != c.want {
			t.Errorf("half of %v is %#x, want %#x", c.x, got, c.want)
		}
	}
}
