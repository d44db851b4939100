package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	roundBias = 3 << 51
	signBit   = 1 << 63
)

// wide writes y[i] = f(x[i]) that works on four float32 at a time as float64.
func wide(name string, f func(x reg.VecVirtual) reg.VecVirtual) {
	TEXT(name+"AVX2", NOSPLIT, "func(n int, y, x *float32)")
	Pragma("noescape")
	Doc(name + "AVX2 is " + name + "Go for n elements, a positive multiple of 4.")
	n := Load(Param("n"), GP64())
	y, x := Load(Param("y"), GP64()), Load(Param("x"), GP64())
	loop(n, 4, []reg.Register{y, x}, func(at []Mem) {
		v, out := YMM(), XMM()
		VCVTPS2PD(at[1], v)
		VCVTPD2PSY(f(v), out)
		VMOVUPS(out, at[0])
	})
}

var constants = map[uint64]Mem{}

// word is four copies of a 64-bit constant in memory.
func word(bits uint64) Mem {
	if m, ok := constants[bits]; ok {
		return m
	}
	m := GLOBL(fmt.Sprintf("word%016x", bits), RODATA|NOPTR)
	for i := range 4 {
		DATA(8*i, U64(bits))
	}
	constants[bits] = m
	return m
}

func number(v float64) Mem { return word(math.Float64bits(v)) }

// The operations, with the result last in avo and first here. b may be memory.

func add(a reg.VecVirtual, b Op) reg.VecVirtual { return binary(VADDPD, a, b) }
func mul(a reg.VecVirtual, b Op) reg.VecVirtual { return binary(VMULPD, a, b) }
func sub(a reg.VecVirtual, b Op) reg.VecVirtual { return binary(VSUBPD, a, b) }
func div(a reg.VecVirtual, b Op) reg.VecVirtual { return binary(VDIVPD, a, b) }
func and(a reg.VecVirtual, b Op) reg.VecVirtual { return binary(VANDPD, a, b) }
func or(a reg.VecVirtual, b Op) reg.VecVirtual  { return binary(VORPD, a, b) }

// least is the smaller of x and the constant c, NaN where x is.
func least(x reg.VecVirtual, c float64) reg.VecVirtual { return binary(VMINPD, load(number(c)), x) }

// most is the larger of x and the constant c, NaN where x is.
func most(x reg.VecVirtual, c float64) reg.VecVirtual { return binary(VMAXPD, load(number(c)), x) }

func binary(op func(...Op), a reg.VecVirtual, b Op) reg.VecVirtual {
	out := YMM()
	op(b, a, out)
	return out
}

func load(m Mem) reg.VecVirtual {
	v := YMM()
	VMOVUPD(m, v)
	return v
}

func abs(x reg.VecVirtual) reg.VecVirtual { return and(x, word(^uint64(signBit))) }

// choose takes a where the sign bit of mask is set, b elsewhere.
func choose(mask, a, b reg.VecVirtual) reg.VecVirtual {
	out := YMM()
	VBLENDVPD(mask, a, b, out)
	return out
}

// Predicates of VCMPPD.
const (
	less         = 0x01
	notLessEqual = 0x06 // true for NaN
	equal        = 0x00
)

func compare(x reg.VecVirtual, predicate uint64, c float64) reg.VecVirtual {
	out := YMM()
	VCMPPD(Imm(predicate), number(c), x, out)
	return out
}

// linear is c0 + r*c1.
func linear(c0, c1 float64, r reg.VecVirtual) reg.VecVirtual {
	return add(mul(r, number(c1)), number(c0))
}

func expWide(x reg.VecVirtual) reg.VecVirtual {
	t := add(mul(x, number(1/math.Ln2)), number(roundBias))
	r := sub(x, mul(sub(t, number(roundBias)), number(math.Ln2)))
	r2 := mul(r, r)
	r4 := mul(r2, r2)
	p := add(add(r, number(1)), mul(linear(1.0/2, 1.0/6, r), r2))
	q := add(linear(1.0/720, 1.0/5040, r), mul(r2, number(1.0/40320)))
	q = add(linear(1.0/24, 1.0/120, r), mul(q, r2))
	p = add(p, mul(q, r4))
	power := YMM()
	VPADDQ(word(1023), t, power)
	VPSLLQ(Imm(52), power, power)
	return mul(p, power)
}

// decay is e^-min(|x|, limit).
func decay(x reg.VecVirtual, limit float64) reg.VecVirtual {
	return expWide(or(least(abs(x), limit), word(signBit)))
}

func expWide32(x reg.VecVirtual) reg.VecVirtual { return expWide(most(least(x, 110), -110)) }

func sigmoid32(x reg.VecVirtual) reg.VecVirtual {
	e := decay(x, 110)
	one := load(number(1))
	return div(choose(x, e, one), add(e, one))
}

func log1pWide(u reg.VecVirtual) reg.VecVirtual {
	s := div(u, add(u, number(2)))
	s2 := mul(s, s)
	s4 := mul(s2, s2)
	p := linear(1, 1.0/3, s2)
	q := mul(s4, linear(1.0/13, 1.0/15, s2))
	q = mul(s4, add(linear(1.0/9, 1.0/11, s2), q))
	p = add(p, mul(s4, add(linear(1.0/5, 1.0/7, s2), q)))
	return mul(mul(s, number(2)), p)
}

func softplus32(x reg.VecVirtual) reg.VecVirtual {
	return add(most(x, 0), log1pWide(decay(x, 110)))
}

func tanh32(x reg.VecVirtual) reg.VecVirtual {
	v := abs(x)
	e := decay(add(v, v), 20)
	one := load(number(1))
	far := or(div(sub(one, e), add(e, one)), and(x, word(signBit)))
	w := mul(x, x)
	near := sub(load(number(17.0/315)), mul(w, number(62.0/2835)))
	near = sub(load(number(2.0/15)), mul(w, near))
	near = sub(load(number(1.0/3)), mul(w, near))
	near = mul(x, sub(one, mul(w, near)))
	return choose(compare(v, less, 0.08), near, far)
}

func log32(x reg.VecVirtual) reg.VecVirtual {
	k, shifted, m := YMM(), YMM(), YMM()
	VPADDQ(word(0x3ff0000000000000-0x3fe6a09e667f3bcd), x, k)
	VPSRLQ(Imm(52), k, k)
	// A small integer below the bits of 2^52 is 2^52 more than itself.
	n := sub(or(k, number(1<<52)), number(1<<52+1023))
	VPSLLQ(Imm(52), k, shifted)
	VPSUBQ(shifted, x, m)
	VPADDQ(word(1023<<52), m, m)
	s := div(sub(m, number(1)), add(m, number(1)))
	s2 := mul(s, s)
	s4 := mul(s2, s2)
	q := mul(s4, linear(1.0/9, 1.0/11, s2))
	p := add(linear(1, 1.0/3, s2), mul(s4, add(linear(1.0/5, 1.0/7, s2), q)))
	y := add(mul(n, number(math.Ln2)), mul(mul(s, number(2)), p))

	y = choose(compare(x, equal, 0), load(number(math.Inf(-1))), y)
	y = choose(compare(x, less, 0), load(number(math.NaN())), y)
	return choose(compare(x, notLessEqual, math.MaxFloat32), x, y)
}
