package tensor

import (
	"errors"
	"slices"
	"testing"
)

// What a byte packs comes out from its low bits up, with its sign, and goes back to the same bytes.
func TestPackedElements(t *testing.T) {
	for _, c := range []struct {
		dtype DType
		raw   []byte
		want  []float64
	}{
		{Uint4, []byte{0x21, 0xf3}, []float64{1, 2, 3, 15}},
		{Int4, []byte{0x87, 0x0f}, []float64{7, -8, -1}},
		{Float4E2M1, []byte{0x9f}, []float64{-6, -0.5}},
		{Uint2, []byte{0xe4, 0x01}, []float64{0, 1, 2, 3, 1}},
		{Int2, []byte{0xe4}, []float64{0, 1, -2, -1}},
		{Int4, nil, []float64{}},
	} {
		x, err := Unpack(c.dtype, Shape{len(c.want)}, c.raw)
		if err != nil || !slices.Equal(x.Floats(), c.want) {
			t.Errorf("%v % x is %v, want %v (%v)", c.dtype, c.raw, x.Floats(), c.want, err)
			continue
		}
		if raw := Pack(x); !slices.Equal(raw, c.raw) {
			t.Errorf("%v %v packs to % x, want % x", c.dtype, c.want, raw, c.raw)
		}
	}
	for _, raw := range [][]byte{nil, {1, 2}} {
		if _, err := Unpack(Int4, Shape{2}, raw); !errors.Is(err, ErrShape) {
			t.Errorf("two elements from %d bytes: %v", len(raw), err)
		}
	}
	if _, err := Unpack(Int4, Shape{-1}, nil); err == nil {
		t.Error("a shape with a negative extent was taken")
	}
}
