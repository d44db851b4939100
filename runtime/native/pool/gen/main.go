// Command gen writes the assembly of package pool. Run it with go generate.
package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	TEXT("pause", NOSPLIT, "func()")
	Doc("pause spends some tens of nanoseconds in a way that leaves the core's other hardware thread undisturbed.")
	for range 4 {
		PAUSE()
	}
	RET()
	Generate()
}
