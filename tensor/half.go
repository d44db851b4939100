package tensor

import "math"

// FromBFloat16 is the value of bfloat16 bits: the upper half of a float32.
func FromBFloat16(x uint16) float32 { return math.Float32frombits(uint32(x) << 16) }

// ToBFloat16 are the bfloat16 bits of x, rounded to nearest, ties to even.
func ToBFloat16(x float32) uint16 {
	b := math.Float32bits(x)
	if x != x {
		return uint16(b>>16) | 0x40
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// FromFloat16 is the value of IEEE 754 binary16 bits.
func FromFloat16(x uint16) float32 {
	sign, exp, frac := uint32(x>>15)<<31, uint32(x>>10&31), uint32(x&1023)
	switch exp {
	case 0: // zero and subnormals: frac * 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(frac)*(1.0/(1<<24))))
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

// ToFloat16 are the IEEE 754 binary16 bits of x, rounded to nearest, ties to even.
func ToFloat16(x float32) uint16 {
	b := math.Float32bits(x)
	sign := uint16(b >> 16 & 0x8000)
	switch a := math.Float32frombits(b &^ (1 << 31)); {
	case a != a:
		return sign | 0x7e00
	case a >= 65520:
		return sign | 0x7c00
	case a < 1.0/(1<<14): // subnormal: a multiple of 2^-24, rounded by the addition of a number whose last bit weighs that
		return sign | uint16(math.Float32bits(a+0.5)-math.Float32bits(0.5))
	}
	b &^= 1 << 31
	b += 0xfff + b>>13&1
	return sign | uint16(b>>13-112<<10)
}
