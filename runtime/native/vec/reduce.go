package vec

// Sums of float32 accumulate in float64, element i in sum i%16, and the 16 are added in a fixed order; so a sum has the same
// bits at every width of vector, and its error is that of float64.

// term is what a sum adds up of each element.
type term int

const (
	plain     term = iota
	square         // x^2
	deviation      // (x - m)^2
)

// Sum is the sum of the elements.
func Sum(x []float32) float64 { return plain.sum(x, 0) }

// SumSquares is the sum of the elements' squares.
func SumSquares(x []float32) float64 { return square.sum(x, 0) }

// SumDeviations is the sum of (x[i] - m)^2.
func SumDeviations(x []float32, m float64) float64 { return deviation.sum(x, m) }

func (t term) sum(x []float32, m float64) float64 {
	var acc [16]float64
	whole := len(x) &^ 15
	if whole > 0 && !t.assembled(x[:whole], m, &acc) {
		for i, v := range x[:whole] {
			acc[i%16] += t.of(v, m)
		}
	}
	for i, v := range x[whole:] {
		acc[i] += t.of(v, m)
	}
	return total(&acc)
}

func (t term) of(x float32, m float64) float64 {
	v := float64(x)
	switch t {
	case square:
		return float64(v * v)
	case deviation:
		v -= m
		return float64(v * v)
	}
	return v
}

func total(acc *[16]float64) float64 {
	for half := 8; half > 0; half /= 2 {
		for i := range half {
			acc[i] += acc[i+half]
		}
	}
	return acc[0]
}

// ExpSum is y[i] = e^(x[i]-top) and the sum of y.
func ExpSum(y, x []float32, top float32) float64 {
	var acc [16]float64
	y = y[:len(x)]
	whole := len(x) &^ 15
	if whole > 0 && !assembledExpSum(y[:whole], x[:whole], top, &acc) {
		for i, v := range x[:whole] {
			y[i] = Exp32(v - top)
			acc[i%16] += float64(y[i])
		}
	}
	rest := y[whole:]
	SubScalar(rest, x[whole:], top)
	Exp(rest, rest)
	for i, v := range rest {
		acc[i] += float64(v)
	}
	return total(&acc)
}

// SumExp is the sum of e^(x[i]-top).
func SumExp(x []float32, top float32) float64 {
	var acc [16]float64
	whole := len(x) &^ 15
	if whole > 0 && !assembledSumExp(x[:whole], top, &acc) {
		for i, v := range x[:whole] {
			acc[i%16] += float64(Exp32(v - top))
		}
	}
	if rest := x[whole:]; len(rest) > 0 {
		// The last elements are filled up to a vector with -Inf, which adds nothing.
		last := nothing
		copy(last[:], rest)
		if !assembledSumExp(last[:], top, &acc) {
			for i, v := range rest {
				acc[i] += float64(Exp32(v - top))
			}
		}
	}
	return total(&acc)
}

var nothing = func() (x [16]float32) {
	for i := range x {
		x[i] = -inf32
	}
	return x
}()

// Largest is the largest element, NaN if any is, and -Inf of none.
func Largest(x []float32) float32 {
	best := -inf32
	whole := len(x) &^ 15
	if whole > 0 {
		acc := [16]float32(x[:16])
		if assembledLargest(x[:whole], &acc) {
			for _, v := range acc {
				best = max(best, v)
			}
		} else {
			whole = 0
		}
	}
	for _, v := range x[whole:] {
		best = max(best, v)
	}
	return best
}

// Smallest is the smallest element, NaN if any is, and +Inf of none.
func Smallest(x []float32) float32 {
	best := inf32
	whole := len(x) &^ 15
	if whole > 0 {
		acc := [16]float32(x[:16])
		if assembledSmallest(x[:whole], &acc) {
			for _, v := range acc {
				best = min(best, v)
			}
		} else {
			whole = 0
		}
	}
	for _, v := range x[whole:] {
		best = min(best, v)
	}
	return best
}

// Affine is y[i] = (x[i]-m)*a + b, in float64 but for the result.
func Affine(y, x []float32, m, a, b float64) {
	y = y[:len(x)]
	whole := len(x) &^ 15
	if whole > 0 && !assembledAffine(y[:whole], x[:whole], m, a, b) {
		whole = 0
	}
	for i := whole; i < len(x); i++ {
		y[i] = float32(float64((float64(x[i])-m)*a) + b)
	}
}

// SumColumns adds the columns of a matrix of the given number of rows, each step after the last, row by row:
//
//	acc[j] += x[i*step+j]
//
// x is gone through once, some columns at a time.
func SumColumns(acc []float64, x []float32, rows, step int) {
	if rows == 0 || len(acc) == 0 {
		return
	}
	x = x[:(rows-1)*step+len(acc)]
	done := assembledColumns(acc, x, rows, step)
	if done == len(acc) {
		return
	}
	for i := range rows {
		row := x[i*step+done:][:len(acc)-done]
		for j, v := range row {
			acc[done+j] += float64(v)
		}
	}
}
