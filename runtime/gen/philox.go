package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// blocks writes a function that fills n elements, a positive multiple of 16, from four blocks of philox at a time. emit
// takes the words of the blocks and stores at dst. A 64-bit lane holds a word of one block in its lower half; the upper
// half is whatever the multiplications leave there.
func blocks(name, twin string, emit func(c [4]reg.VecVirtual, dst reg.Register)) {
	TEXT(name, NOSPLIT, "func(n int, dst *float32, ctr *[4]uint32, keys *[20]uint32)")
	Pragma("noescape")
	Doc(name + " is " + twin + " for n elements, a positive multiple of 16. keys are those of the ten rounds.")
	n := Load(Param("n"), GP64())
	dst := Load(Param("dst"), GP64())
	ctr := Load(Param("ctr"), GP64())
	keys := Load(Param("keys"), GP64())

	m0, m1, four := spread(0xD2511F53), spread(0xCD9E8D57), spread(4)
	var start [4]reg.VecVirtual
	for i := range start {
		start[i] = YMM()
		VPBROADCASTD(Mem{Base: ctr, Disp: 4 * i}, start[i])
	}
	VPADDQ(table("lanes", 0, 1, 2, 3), start[0], start[0])

	Label("loop")
	c := start
	for round := range 10 {
		p0, p1, k0, k1 := YMM(), YMM(), YMM(), YMM()
		VPMULUDQ(m0, c[0], p0)
		VPMULUDQ(m1, c[2], p1)
		VPBROADCASTD(Mem{Base: keys, Disp: 8 * round}, k0)
		VPBROADCASTD(Mem{Base: keys, Disp: 8*round + 4}, k1)
		VPXOR(c[1], k0, k0)
		VPXOR(c[3], k1, k1)
		h0, h1 := YMM(), YMM()
		VPSRLQ(Imm(32), p0, h0)
		VPSRLQ(Imm(32), p1, h1)
		VPXOR(h1, k0, k0)
		VPXOR(h0, k1, k1)
		c = [4]reg.VecVirtual{k0, p1, k1, p0}
	}
	VPADDQ(four, start[0], start[0])
	emit(c, dst)
	ADDQ(Imm(64), dst)
	SUBQ(Imm(16), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// pair puts the words b into the upper halves of the lanes of words a.
func pair(a, b reg.VecVirtual) reg.VecVirtual {
	VPSLLQ(Imm(32), b, b)
	VPBLENDD(Imm(0xaa), b, a, a)
	return a
}

// store writes two rows of four blocks each, the even blocks and the odd ones, as one.
func store(even, odd reg.VecVirtual, dst reg.Register) {
	for i, half := range []uint64{0x20, 0x31} {
		out := YMM()
		VPERM2I128(Imm(half), odd, even, out)
		VMOVUPS(out, Mem{Base: dst, Disp: 32 * i})
	}
}

// spread is v in all four lanes.
func spread(v uint64) reg.VecVirtual {
	g, x, y := GP64(), XMM(), YMM()
	MOVQ(U64(v), g)
	MOVQ(g, x)
	VPBROADCASTQ(x, y)
	return y
}

// tables are the constants written so far.
var tables = map[string]Mem{}

// table is a constant of four lanes.
func table(name string, lanes ...uint64) Mem {
	if m, ok := tables[name]; ok {
		return m
	}
	m := GLOBL(name, RODATA|NOPTR)
	for i, v := range lanes {
		DATA(8*i, U64(v))
	}
	tables[name] = m
	return m
}
