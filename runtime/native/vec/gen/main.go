// Command gen writes the assembly of package vec. Run it with go generate.
//
// It uses no fused multiply-add and keeps the order of the Go twins' operations, so that both give the same bits.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	wide("exp", expWide32)
	wide("log", log32)
	wide("tanh", tanh32)
	wide("sigmoid", sigmoid32)
	wide("softplus", softplus32)
	arithmetic("add", VADDPS, true)
	arithmetic("sub", VSUBPS, false)
	arithmetic("mul", VMULPS, true)
	arithmetic("div", VDIVPS, false)
	Generate()
}

// loop runs body while n, in steps of step elements, is not used up; body is told the address of element 0 of each
// slice. n is a positive multiple of step.
func loop(n reg.Register, step int, bases []reg.Register, body func(at []Mem)) {
	Label("loop")
	at := make([]Mem, len(bases))
	for i, b := range bases {
		at[i] = Mem{Base: b}
	}
	body(at)
	for _, b := range bases {
		ADDQ(Imm(uint64(4*step)), b)
	}
	SUBQ(Imm(uint64(step)), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
