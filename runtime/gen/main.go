// Command gen writes the assembly of package runtime. Run it with go generate.
package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	uniform()
	normal()
	Generate()
}
