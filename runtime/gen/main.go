// Command gen writes the assembly of package runtime. Run it with go generate.
package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	uniform()
	Generate()
}

// uniform writes four blocks of philox at a time. A 64-bit lane holds a word of one block in its lower half; the upper
// half is whatever the multiplications leave there, which nothing reads.
func uniform() {
	TEXT("uniformAVX2", NOSPLIT, "func(n int, dst *float32, ctr *[4]uint32, keys *[20]uint32)")
	Pragma("noescape")
	Doc("uniformAVX2 is uniformGo for n elements, a positive multiple of 16. keys are those of the ten rounds.")
	n := Load(Param("n"), GP64())
	dst := Load(Param("dst"), GP64())
	ctr := Load(Param("ctr"), GP64())
	keys := Load(Param("keys"), GP64())

	first := GLOBL("lanes", RODATA|NOPTR)
	for i := range 4 {
		DATA(8*i, U64(uint64(i)))
	}
	spread := func(v uint64) reg.VecVirtual {
		g, x, y := GP64(), XMM(), YMM()
		MOVQ(U64(v), g)
		MOVQ(g, x)
		VPBROADCASTQ(x, y)
		return y
	}
	m0, m1, four := spread(0xD2511F53), spread(0xCD9E8D57), spread(4)
	scale := spread(uint64(math.Float32bits(1.0/(1<<24)))<<32 | uint64(math.Float32bits(1.0/(1<<24))))
	var start [4]reg.VecVirtual
	for i := range start {
		start[i] = YMM()
		VPBROADCASTD(Mem{Base: ctr, Disp: 4 * i}, start[i])
	}
	VPADDQ(first, start[0], start[0])

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

	// Words 0 and 1 of a block into one lane, 2 and 3 into another, then blocks 0 and 1, and 2 and 3, into a row each.
	for i := 0; i < 4; i += 2 {
		VPSLLQ(Imm(32), c[i+1], c[i+1])
		VPBLENDD(Imm(0xaa), c[i+1], c[i], c[i])
	}
	even, odd := YMM(), YMM()
	VPUNPCKLQDQ(c[2], c[0], even)
	VPUNPCKHQDQ(c[2], c[0], odd)
	for i, half := range []uint64{0x20, 0x31} {
		out := YMM()
		VPERM2I128(Imm(half), odd, even, out)
		VPSRLD(Imm(8), out, out)
		VCVTDQ2PS(out, out)
		VMULPS(scale, out, out)
		VMOVUPS(out, Mem{Base: dst, Disp: 32 * i})
	}
	ADDQ(Imm(64), dst)
	SUBQ(Imm(16), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
