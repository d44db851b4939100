// Package vec computes element by element on float32 slices, with AVX2 where the machine has it.
//
// The assembly does the same operations in the same order as the Go loops that document it, with no fused
// multiply-add, so on amd64 both give the same bits (only the bits of a NaN may differ). As many elements
// are computed as y has; operands may be longer, and may be the same memory as y.
package vec

//go:generate go run ./gen -out vec_amd64.s -stubs vec_amd64.go -pkg vec

// function is one of the assembled functions.
type function int

const (
	expFunction function = iota
	logFunction
	tanhFunction
	sigmoidFunction
	softplusFunction
)

// Exp is y[i] = e^x[i].
func Exp(y, x []float32) { apply(expFunction, Exp32, y, x) }

// Log is y[i] = log x[i], the natural logarithm.
func Log(y, x []float32) { apply(logFunction, Log32, y, x) }

// Tanh is y[i] = tanh x[i].
func Tanh(y, x []float32) { apply(tanhFunction, Tanh32, y, x) }

// Sigmoid is y[i] = 1/(1 + e^-x[i]).
func Sigmoid(y, x []float32) { apply(sigmoidFunction, Sigmoid32, y, x) }

// Softplus is y[i] = log(1 + e^x[i]).
func Softplus(y, x []float32) { apply(softplusFunction, Softplus32, y, x) }

// apply leaves whole vectors to the assembly and the rest to its twin.
func apply(f function, twin func(float32) float32, y, x []float32) {
	x = x[:len(y)]
	for i := f.whole(y, x); i < len(y); i++ {
		y[i] = twin(x[i])
	}
}
