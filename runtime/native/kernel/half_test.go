package kernel

import "testing"

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
