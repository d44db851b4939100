// Package vec computes element by element on float32 slices, with AVX-512 or AVX2 where the machine has them.
//
// The assembly does the same operations in the same order as the Go functions that document it, fused multiply-adds among
// them, so that all give the same bits on every machine, whatever the length of a slice (only the bits of a NaN may differ).
// As many elements are computed as y has; operands may be longer, and may be the same memory as y.
package vec

//go:generate go run ./gen -out vec_amd64.s -stubs vec_amd64.go -pkg vec

// The forms of the assembly. y has n elements, a positive number.
type (
	unaryAsm  func(n int, y, x *float32)
	familyAsm func(n int, y, x *float32, a, b, c float32)
	binaryAsm struct {
		vv     func(n int, y, a, b *float32)
		vs, sv func(n int, y, x *float32, s float32)
	}
	compareAsm struct {
		vv func(n int, y *bool, a, b *float32)
		vs func(n int, y *bool, x *float32, s float32)
	}
	selectAsm func(n int, y *float32, c *bool, a, b *float32)
)

// assembly is the functions of one instruction set; what it lacks, a Go loop does.
type assembly struct {
	lanes int // float32 in a vector; 0 for none

	exp, log, tanh, sigmoid, softplus, erf             unaryAsm
	sqrt, reciprocal, square, cube, neg, abs, sign     unaryAsm
	floor, ceil, round, relu, softsign, hardSwish      unaryAsm
	hardSigmoid, leakyRelu, thresholdedRelu, clip, elu familyAsm
	add, sub, mul, div, min, max, prelu                binaryAsm
	addScaled                                          func(n int, y, x *float32, s float32)
	everySecond                                        func(n int, y, x *float32)
	less, lessEqual, equal, greater, greaterEqual      compareAsm
	widen                                              func(n int, y *float32, x *bool)
	selectVV, selectVS, selectSV, selectSS             selectAsm
}

// asm is what this machine is best at, chosen once at start.
var asm = best()
