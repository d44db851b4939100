package tensor

import (
	"math"
	"testing"
)

func TestHalfFloatsGoBothWays(t *testing.T) {
	for bits := range 1 << 16 {
		h := uint16(bits)
		x := FromFloat16(h)
		if x == x && ToFloat16(x) != h {
			t.Fatalf("half %#x is %v and comes back as %#x", h, x, ToFloat16(x))
		}
		if b := FromBFloat16(h); b == b && ToBFloat16(b) != h {
			t.Fatalf("bfloat %#x is %v and comes back as %#x", h, b, ToBFloat16(b))
		}
	}
	for _, c := range []struct {
		x    float32
		want uint16
	}{{1, 0x3c00}, {65504, 0x7bff}, {65519, 0x7bff}, {65520, 0x7c00}, {5.9604645e-8, 1}, {2.9802322e-8, 0}, {1.0004883, 0x3c00}, {1.0014648, 0x3c02}, {-2, 0xc000}} {
		if got := ToFloat16(c.x); got != c.want {
			t.Errorf("half of %v is %#x, want %#x", c.x, got, c.want)
		}
	}
}

func TestHalfAgainstItsDefinition(t *testing.T) {
	for h := range 1 << 16 {
		sign, e, m := 1.0, h>>10&31, float64(h&1023)
		if h>>15 == 1 {
			sign = -1
		}
		want := sign * math.Ldexp(1+m/1024, e-15)
		switch {
		case e == 0:
			want = sign * math.Ldexp(m/1024, -14)
		case e == 31 && m == 0:
			want = math.Inf(int(sign))
		case e == 31:
			if v := FromFloat16(uint16(h)); v == v {
				t.Errorf("%04x is %v, want NaN", h, v)
			}
			continue
		}
		if got := FromFloat16(uint16(h)); float64(got) != want {
			t.Errorf("%04x is %v, want %v", h, got, want)
		}
	}
}
