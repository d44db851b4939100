package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// wide tells that AVX-512 is being written: 16 lanes, and masks in registers of their own. Otherwise it is AVX2.
var wide bool

func suffix() string {
	if wide {
		return "AVX512"
	}
	return "AVX2"
}

// lanes is how many float32 a vector holds.
func lanes() int {
	if wide {
		return 16
	}
	return 8
}

func vector() reg.VecVirtual {
	if wide {
		return ZMM()
	}
	return YMM()
}

// constant is a number that every lane has, as bits.
type constant uint32

func number(v float64) constant { return constant(math.Float32bits(float32(v))) }

const (
	signBit   = constant(1 << 31)
	magnitude = ^signBit
)

var constants = map[constant]Mem{}

// words is eight copies of c in memory.
func (c constant) words() Mem {
	if m, ok := constants[c]; ok {
		return m
	}
	m := GLOBL(fmt.Sprintf("word%08x", uint32(c)), RODATA|NOPTR)
	for i := range 8 {
		DATA(4*i, U32(c))
	}
	constants[c] = m
	return m
}

// lift is a register that holds c in every lane.
func (c constant) lift() reg.VecVirtual {
	v := vector()
	if wide {
		VBROADCASTSS(c.words(), v)
	} else {
		VMOVUPS(c.words(), v)
	}
	return v
}

// instruction is a vector instruction and its form with an operand in memory that all lanes share.
type instruction struct{ plain, shared func(...Op) }

// does is the instruction with the last operand first, as in assembly; last is a register, memory or a constant.
func (i instruction) does(last any, rest ...Op) {
	switch last := last.(type) {
	case constant:
		if wide {
			i.shared(append([]Op{last.words()}, rest...)...)
		} else {
			i.plain(append([]Op{last.words()}, rest...)...)
		}
	case Op:
		i.plain(append([]Op{last}, rest...)...)
	}
}

var (
	vadd    = instruction{VADDPS, VADDPS_BCST}
	vsub    = instruction{VSUBPS, VSUBPS_BCST}
	vmul    = instruction{VMULPS, VMULPS_BCST}
	vdiv    = instruction{VDIVPS, VDIVPS_BCST}
	vmin    = instruction{VMINPS, VMINPS_BCST}
	vmax    = instruction{VMAXPS, VMAXPS_BCST}
	vand    = instruction{VANDPS, VANDPS_BCST}
	vor     = instruction{VORPS, VORPS_BCST}
	vxor    = instruction{VXORPS, VXORPS_BCST}
	vaddInt = instruction{VPADDD, VPADDD_BCST}
	vsubInt = instruction{VPSUBD, VPSUBD_BCST}
	vfma213 = instruction{VFMADD213PS, VFMADD213PS_BCST}
	vfma231 = instruction{VFMADD231PS, VFMADD231PS_BCST}
)

func (i instruction) of(a reg.VecVirtual, b any) reg.VecVirtual {
	out := vector()
	i.does(b, a, out)
	return out
}

func add(a reg.VecVirtual, b any) reg.VecVirtual    { return vadd.of(a, b) }
func sub(a reg.VecVirtual, b any) reg.VecVirtual    { return vsub.of(a, b) }
func mul(a reg.VecVirtual, b any) reg.VecVirtual    { return vmul.of(a, b) }
func div(a reg.VecVirtual, b any) reg.VecVirtual    { return vdiv.of(a, b) }
func and(a reg.VecVirtual, b any) reg.VecVirtual    { return vand.of(a, b) }
func or(a reg.VecVirtual, b any) reg.VecVirtual     { return vor.of(a, b) }
func xor(a reg.VecVirtual, b any) reg.VecVirtual    { return vxor.of(a, b) }
func addInt(a reg.VecVirtual, b any) reg.VecVirtual { return vaddInt.of(a, b) }
func subInt(a reg.VecVirtual, b any) reg.VecVirtual { return vsubInt.of(a, b) }

// least is limit where limit < x, and x elsewhere; so it is NaN where x is.
func least(x, limit reg.VecVirtual) reg.VecVirtual { return vmin.of(limit, x) }

// most is limit where limit > x, and x elsewhere.
func most(x, limit reg.VecVirtual) reg.VecVirtual { return vmax.of(limit, x) }

func abs(x reg.VecVirtual) reg.VecVirtual { return and(x, magnitude) }

func shiftLeft(x reg.VecVirtual, n uint8) reg.VecVirtual {
	out := vector()
	VPSLLD(U8(n), x, out)
	return out
}

func shiftRight(x reg.VecVirtual, n uint8) reg.VecVirtual {
	out := vector()
	VPSRAD(U8(n), x, out)
	return out
}

func clone(x reg.VecVirtual) reg.VecVirtual {
	out := vector()
	VMOVAPS(x, out)
	return out
}

// fma is a*b + c with one rounding. b or c may be a constant.
func fma(a reg.VecVirtual, b, c any) reg.VecVirtual {
	if k, ok := c.(constant); ok {
		out := clone(a)
		vfma213.does(k, b.(Op), out)
		return out
	}
	out := clone(c.(reg.VecVirtual))
	vfma231.does(b, a, out)
	return out
}

// horner is the polynomial in x with the given coefficients, the highest power's first.
func horner(x reg.VecVirtual, coefficients ...float64) reg.VecVirtual {
	out := number(coefficients[0]).lift()
	for _, c := range coefficients[1:] {
		vfma213.does(number(c), x, out)
	}
	return out
}

// mask is a truth for each lane: a mask register, or a vector whose lanes' sign bits count.
type mask = reg.Register

// Predicates of VCMPPS, false for NaN but for notLessEqual.
const (
	equal        = 0x00
	less         = 0x01
	lessEqual    = 0x02
	notLessEqual = 0x06
	greaterEqual = 0x0d
	greater      = 0x0e
)

// compare is a . b by the predicate.
func compare(predicate uint8, a reg.VecVirtual, b any) mask {
	var out reg.Register = YMM()
	if wide {
		out = K()
	}
	if c, ok := b.(constant); ok {
		if wide {
			VCMPPS_BCST(U8(predicate), c.words(), a, out)
		} else {
			VCMPPS(U8(predicate), c.words(), a, out)
		}
		return out
	}
	VCMPPS(U8(predicate), b.(Op), a, out)
	return out
}

// negative is where x's sign bit is set.
func negative(x reg.VecVirtual) mask {
	if !wide {
		return x
	}
	k := K()
	VPMOVD2M(x, k)
	return k
}

// choose is a where m is true and b elsewhere.
func choose(m mask, a, b reg.VecVirtual) reg.VecVirtual {
	out := vector()
	if wide {
		VBLENDMPS(a, b, m, out)
	} else {
		VBLENDVPS(m, a, b, out)
	}
	return out
}

// broadcast loads a float32 parameter into every lane.
func broadcast(param string) reg.VecVirtual {
	p, err := Param(param).Resolve()
	if err != nil {
		panic(err)
	}
	v := vector()
	VBROADCASTSS(p.Addr, v)
	return v
}
