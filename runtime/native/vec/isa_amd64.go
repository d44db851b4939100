//go:build amd64 && !noasm

package vec

import "golang.org/x/sys/cpu"

var avx2 = cpu.X86.HasAVX2

// whole computes the elements that fill whole vectors and returns their number.
func (f function) whole(y, x []float32) int {
	n := len(x) &^ 3
	if n == 0 || !avx2 {
		return 0
	}
	switch f {
	case expFunction:
		expAVX2(n, &y[0], &x[0])
	case logFunction:
		logAVX2(n, &y[0], &x[0])
	case tanhFunction:
		tanhAVX2(n, &y[0], &x[0])
	case sigmoidFunction:
		sigmoidAVX2(n, &y[0], &x[0])
	case softplusFunction:
		softplusAVX2(n, &y[0], &x[0])
	}
	return n
}

func (o operator) whole(y, a, b []float32) int {
	n := len(y) &^ 7
	if n == 0 || !avx2 {
		return 0
	}
	switch o {
	case addOperator:
		addAVX2(n, &y[0], &a[0], &b[0])
	case subOperator:
		subAVX2(n, &y[0], &a[0], &b[0])
	case mulOperator:
		mulAVX2(n, &y[0], &a[0], &b[0])
	case divOperator:
		divAVX2(n, &y[0], &a[0], &b[0])
	}
	return n
}

func (o operator) wholeScalar(y, a []float32, b float32) int {
	n := len(y) &^ 7
	if n == 0 || !avx2 {
		return 0
	}
	switch o {
	case addOperator:
		addScalarAVX2(n, &y[0], &a[0], b)
	case subOperator:
		subScalarAVX2(n, &y[0], &a[0], b)
	case mulOperator:
		mulScalarAVX2(n, &y[0], &a[0], b)
	case divOperator:
		divScalarAVX2(n, &y[0], &a[0], b)
	}
	return n
}

// scalarWhole is for the operators that do not commute.
func (o operator) scalarWhole(y []float32, a float32, b []float32) int {
	n := len(y) &^ 7
	if n == 0 || !avx2 {
		return 0
	}
	if o == subOperator {
		subScalarLeftAVX2(n, &y[0], &b[0], a)
	} else {
		divScalarLeftAVX2(n, &y[0], &b[0], a)
	}
	return n
}
