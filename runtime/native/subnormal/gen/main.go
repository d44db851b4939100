// Command gen writes the assembly of package subnormal. Run it with go generate.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func main() {
	ConstraintExpr("amd64,!noasm")

	TEXT("control", NOSPLIT, "func() uint32")
	Doc("control is the thread's MXCSR.")
	now := AllocLocal(8)
	STMXCSR(now)
	r := GP32()
	MOVL(now, r)
	Store(r, ReturnIndex(0))
	RET()

	TEXT("setControl", NOSPLIT, "func(mxcsr uint32)")
	Doc("setControl sets the thread's MXCSR.")
	LDMXCSR(NewParamAddr("mxcsr", 0))
	RET()
	Generate()
}
