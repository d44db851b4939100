package tensor

import (
	"math"
	"testing"
)

func TestSmallFloatsGoBothWays(t *testing.T) {
	for _, dtype := range []DType{Float8E4M3FN, Float8E4M3FNUZ, Float8E5M2, Float8E5M2FNUZ, Float4E2M1, Float8E8M0} {
		f := Small(dtype)
		for code := range 1 << max(4, dtype.Bits()) {
			x := f.Decode(uint8(code))
			if x == x && f.Encode(x, Nearest, false) != uint8(code) {
				t.Errorf("%v: %#x is %v and comes back as %#x", dtype, code, x, f.Encode(x, Nearest, false))
			}
		}
	}
}

func TestSmallFloatsRound(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		dtype    DType
		x        float32
		saturate bool
		want     float32
	}{
		{Float8E4M3FN, 0.47892547, true, 0.46875}, {Float8E4M3FN, 1e6, true, 448}, {Float8E4M3FN, 1e6, false, nan},
		{Float8E4M3FN, 463, false, 448}, {Float8E4M3FN, 464, false, 448}, {Float8E4M3FN, 465, false, nan}, {Float8E4M3FN, -inf, true, -448},
		{Float8E4M3FNUZ, inf, true, 240}, {Float8E4M3FNUZ, -1e6, false, nan}, {Float8E4M3FNUZ, -1e-9, true, 0},
		{Float8E5M2, -1e6, false, -inf}, {Float8E5M2, inf, true, 57344}, {Float8E5M2, 0.48033667, true, 0.5}, {Float8E5M2FNUZ, inf, true, 57344},
		{Float4E2M1, 0.25, true, 0}, {Float4E2M1, -3.5, true, -4}, {Float4E2M1, 9, false, 6}, {Float4E2M1, 5, true, 4},
		{Float8E8M0, 0, true, 0x1p-127}, {Float8E8M0, -1, true, nan}, {Float8E8M0, 1.4, true, 1}, {Float8E8M0, 3, true, 2},
	} {
		f := Small(c.dtype)
		if got := f.Decode(f.Encode(c.x, Nearest, c.saturate)); got != c.want && (got == got || c.want == c.want) {
			t.Errorf("%v of %v (saturate %v) is %v, want %v", c.dtype, c.x, c.saturate, got, c.want)
		}
	}
	if e := Small(Float8E8M0); e.Decode(e.Encode(1.1, Up, true)) != 2 || e.Decode(e.Encode(1.9, Down, true)) != 1 {
		t.Error("a power of two is not rounded up and down")
	}
}
