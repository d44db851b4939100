package vec

// operator is one of the assembled operators, in the order of its forms.
type operator int

const (
	addOperator operator = iota
	subOperator
	mulOperator
	divOperator
)

// Add is y[i] = a[i] + b[i].
func Add(y, a, b []float32) {
	a, b = a[:len(y)], b[:len(y)]
	for i := addOperator.whole(y, a, b); i < len(y); i++ {
		y[i] = a[i] + b[i]
	}
}

// AddScalar is y[i] = a[i] + b.
func AddScalar(y, a []float32, b float32) {
	a = a[:len(y)]
	for i := addOperator.wholeScalar(y, a, b); i < len(y); i++ {
		y[i] = a[i] + b
	}
}

// Sub is y[i] = a[i] - b[i].
func Sub(y, a, b []float32) {
	a, b = a[:len(y)], b[:len(y)]
	for i := subOperator.whole(y, a, b); i < len(y); i++ {
		y[i] = a[i] - b[i]
	}
}

// SubScalar is y[i] = a[i] - b.
func SubScalar(y, a []float32, b float32) {
	a = a[:len(y)]
	for i := subOperator.wholeScalar(y, a, b); i < len(y); i++ {
		y[i] = a[i] - b
	}
}

// ScalarSub is y[i] = a - b[i].
func ScalarSub(y []float32, a float32, b []float32) {
	b = b[:len(y)]
	for i := subOperator.scalarWhole(y, a, b); i < len(y); i++ {
		y[i] = a - b[i]
	}
}

// Mul is y[i] = a[i] * b[i].
func Mul(y, a, b []float32) {
	a, b = a[:len(y)], b[:len(y)]
	for i := mulOperator.whole(y, a, b); i < len(y); i++ {
		y[i] = a[i] * b[i]
	}
}

// MulScalar is y[i] = a[i] * b.
func MulScalar(y, a []float32, b float32) {
	a = a[:len(y)]
	for i := mulOperator.wholeScalar(y, a, b); i < len(y); i++ {
		y[i] = a[i] * b
	}
}

// Div is y[i] = a[i] / b[i].
func Div(y, a, b []float32) {
	a, b = a[:len(y)], b[:len(y)]
	for i := divOperator.whole(y, a, b); i < len(y); i++ {
		y[i] = a[i] / b[i]
	}
}

// DivScalar is y[i] = a[i] / b.
func DivScalar(y, a []float32, b float32) {
	a = a[:len(y)]
	for i := divOperator.wholeScalar(y, a, b); i < len(y); i++ {
		y[i] = a[i] / b
	}
}

// ScalarDiv is y[i] = a / b[i].
func ScalarDiv(y []float32, a float32, b []float32) {
	b = b[:len(y)]
	for i := divOperator.scalarWhole(y, a, b); i < len(y); i++ {
		y[i] = a / b[i]
	}
}
