// Command gen writes the assembly of package vec. Run it with go generate.
//
// Each function is written once, over lanes, and assembled twice: for AVX2 and for AVX-512. It does the operations of its Go
// twin in the twin's order, so that all three give the same bits.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64,!noasm")
	for _, wide = range []bool{false, true} {
		functions()
		arithmetic()
		comparisons()
		choices()
		reductions()
	}
	everySecond()
	Generate()
}
