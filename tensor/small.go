package tensor

import (
	"math"
	"sort"
)

// SmallFloat is a floating-point format of 8 bits or fewer, as ONNX has them (after Micikevicius et al., arXiv 2209.05433,
// Noune et al., arXiv 2206.02915, and the Open Compute Project's MX formats): a sign, exponent bits and fraction bits,
// held one element a byte in the low bits.
type SmallFloat struct {
	values [256]float32 // of each code
	sign   uint8        // the sign's bit, 0 where there is none
	most   uint8        // the code of the largest finite value; the values up to it are in order
	over   uint8        // the code of what is larger, where it is not to saturate: infinity, or NaN
	nan    uint8
	zero   bool // there is a negative zero
}

// Small is the format of dtype, or nil where that is no float of 8 bits or fewer.
func Small(dtype DType) *SmallFloat {
	if int(dtype) < len(smallFloats) {
		return smallFloats[dtype]
	}
	return nil
}

var smallFloats = [...]*SmallFloat{
	Float8E4M3FN:   newSmall(4, 3, 7, SmallFloat{sign: 0x80, most: 0x7e, over: 0x7f, nan: 0x7f, zero: true}),
	Float8E4M3FNUZ: newSmall(4, 3, 8, SmallFloat{sign: 0x80, most: 0x7f, over: 0x80, nan: 0x80}),
	Float8E5M2:     newSmall(5, 2, 15, SmallFloat{sign: 0x80, most: 0x7b, over: 0x7c, nan: 0x7f, zero: true}),
	Float8E5M2FNUZ: newSmall(5, 2, 16, SmallFloat{sign: 0x80, most: 0x7f, over: 0x80, nan: 0x80}),
	Float4E2M1:     newSmall(2, 1, 1, SmallFloat{sign: 0x08, most: 0x07, over: 0x07, nan: 0x08, zero: true}),
	Float8E8M0:     newSmall(8, 0, 127, SmallFloat{most: 0xfe, over: 0xff, nan: 0xff}),
}

// newSmall fills in the value of every code: with e the exponent bits and m the fraction as a number below 1,
// (1 + m) 2^(e - bias), or m 2^(1 - bias) where e is 0.
func newSmall(exponent, fraction, bias int, f SmallFloat) *SmallFloat {
	for code := range 1 << (exponent + fraction) {
		e, m := code>>fraction, float64(code&(1<<fraction-1))/float64(int(1)<<fraction)
		v := math.Ldexp(1+m, e-bias)
		if e == 0 && fraction > 0 {
			v = math.Ldexp(m, 1-bias)
		}
		if code > int(f.most) {
			v = math.NaN()
			if code == int(f.over) && f.over != f.nan {
				v = math.Inf(1)
			}
		}
		f.values[code] = float32(v)
		if f.sign != 0 {
			f.values[code|int(f.sign)] = float32(-v)
		}
	}
	if f.nan == f.sign && !f.zero {
		f.values[f.nan] = float32(math.NaN())
	}
	return &f
}

// Decode is the value of a code.
func (f *SmallFloat) Decode(code uint8) float32 { return f.values[code] }

// Rounding says which of the two values around a number stands for it, by magnitude.
type Rounding int

// The roundings; ties of Nearest go to the even code.
const (
	Nearest Rounding = iota
	Up
	Down
)

// Encode is the code that stands for x. What lies beyond the largest value becomes that value where saturate is set, and
// infinity or NaN elsewhere; what lies below the least value of a format without zero becomes that value.
func (f *SmallFloat) Encode(x float32, round Rounding, saturate bool) uint8 {
	if x != x || x < 0 && f.sign == 0 {
		return f.nan
	}
	sign, a := uint8(0), float32(math.Abs(float64(x)))
	if math.Signbit(float64(x)) {
		sign = f.sign
	}
	code := f.floor(a)
	rest, half := a-f.values[code], f.gap(code)/2
	if rest > 0 && round == Up || round == Nearest && (rest > half || rest == half && code&1 == 1) {
		if code++; code > f.most {
			if saturate {
				code = f.most
			} else if code = f.over; code == f.sign { // a NaN without sign
				return code
			}
		}
	}
	if code == 0 && !f.zero {
		return 0
	}
	return code | sign
}

// floor is the code of the largest value that is not above a, or of the least one.
func (f *SmallFloat) floor(a float32) uint8 {
	k := sort.Search(int(f.most)+1, func(k int) bool { return f.values[k] > a })
	return uint8(max(k-1, 0))
}

// gap is the distance from a code's value to the next larger one.
func (f *SmallFloat) gap(code uint8) float32 {
	switch {
	case code < f.most:
		return f.values[code+1] - f.values[code]
	case f.sign == 0: // powers of two alone
		return f.values[code]
	}
	return f.values[code] - f.values[code-1]
}
