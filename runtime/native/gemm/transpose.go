package gemm

// Transpose writes a matrix of rows by n elements, ld apart, as its transpose, whose rows stand step apart:
//
//	dst[j*step+i] = src[i*ld+j]
func Transpose[T Float](rows, n int, src []T, ld int, dst []T, step int) {
	if rows <= 0 || n <= 0 {
		return
	}
	_, _ = src[(rows-1)*ld+n-1], dst[(n-1)*step+rows-1]
	switch {
	case rows == 1 && step == 1:
		copy(dst, src[:n])
	case n == 1 && ld == 1:
		copy(dst, src[:rows])
	default:
		transpose(best, rows, n, src, ld, dst, step)
	}
}
