//go:build amd64 && !noasm

package vec

// The reductions are called by name and not through a table, so that accumulators may stay on the stack. Their slices hold
// a positive multiple of 16 elements. Each reports whether there was assembly for it.

func (t term) assembled(x []float32, m float64, acc *[16]float64) bool {
	n, wide := len(x), asm.lanes == 16
	switch {
	case asm.lanes == 0:
		return false
	case t == plain && wide:
		sumAVX512(n, &x[0], m, acc)
	case t == plain:
		sumAVX2(n, &x[0], m, acc)
	case t == square && wide:
		squaresAVX512(n, &x[0], m, acc)
	case t == square:
		squaresAVX2(n, &x[0], m, acc)
	case wide:
		deviationsAVX512(n, &x[0], m, acc)
	default:
		deviationsAVX2(n, &x[0], m, acc)
	}
	return true
}

func assembledExpSum(y, x []float32, top float32, acc *[16]float64) bool {
	switch asm.lanes {
	case 16:
		expSumAVX512(len(x), &y[0], &x[0], top, acc)
	case 8:
		expSumAVX2(len(x), &y[0], &x[0], top, acc)
	}
	return asm.lanes > 0
}

func assembledSumExp(x []float32, top float32, acc *[16]float64) bool {
	switch asm.lanes {
	case 16:
		sumExpAVX512(len(x), &x[0], top, acc)
	case 8:
		sumExpAVX2(len(x), &x[0], top, acc)
	}
	return asm.lanes > 0
}

func assembledLargest(x []float32, acc *[16]float32) bool {
	switch asm.lanes {
	case 16:
		largestAVX512(len(x), &x[0], acc)
	case 8:
		largestAVX2(len(x), &x[0], acc)
	}
	return asm.lanes > 0
}

func assembledSmallest(x []float32, acc *[16]float32) bool {
	switch asm.lanes {
	case 16:
		smallestAVX512(len(x), &x[0], acc)
	case 8:
		smallestAVX2(len(x), &x[0], acc)
	}
	return asm.lanes > 0
}

func assembledAffine(y, x []float32, m, a, b float64) bool {
	switch asm.lanes {
	case 16:
		affineAVX512(len(x), &y[0], &x[0], m, a, b)
	case 8:
		affineAVX2(len(x), &y[0], &x[0], m, a, b)
	}
	return asm.lanes > 0
}

// assembledColumns is SumColumns for the first columns, whose number it returns.
func assembledColumns(acc []float64, x []float32, rows, step int) int {
	done := 0
	if asm.lanes == 0 {
		return done
	}
	wide := asm.lanes == 16
	for ; done+32 <= len(acc); done += 32 {
		if wide {
			columns32AVX512(rows, step, &x[done], &acc[done])
		} else {
			columns32AVX2(rows, step, &x[done], &acc[done])
		}
	}
	for ; done+8 <= len(acc); done += 8 {
		if wide {
			columns8AVX512(rows, step, &x[done], &acc[done])
		} else {
			columns8AVX2(rows, step, &x[done], &acc[done])
		}
	}
	return done
}
