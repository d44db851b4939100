package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// uniform turns the upper 24 bits of each word into a number.
func uniform() {
	blocks("uniformAVX2", "uniformGo", func(c [4]reg.VecVirtual, dst reg.Register) {
		// Words 0 and 1 of a block into one lane, 2 and 3 into another, then two blocks into a row.
		first, second := pair(c[0], c[1]), pair(c[2], c[3])
		even, odd := YMM(), YMM()
		VPUNPCKLQDQ(second, first, even)
		VPUNPCKHQDQ(second, first, odd)
		for _, v := range []reg.VecVirtual{even, odd} {
			VPSRLD(Imm(8), v, v)
			VCVTDQ2PS(v, v)
			VMULPS(float(1.0/(1<<24)), v, v)
		}
		store(even, odd, dst)
	})
}

// float is a constant in all eight places.
func float(v float32) Mem { return bits(math.Float32bits(v)) }
