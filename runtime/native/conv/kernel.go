package conv

import (
	"unsafe"

	"github.com/elbo-ml/elbo/runtime/native/gemm"
)

//go:generate go run ./gen -out kernel_amd64.s -stubs kernel_amd64.go -pkg conv

// The tile of the Go kernels, and the largest of all.
const (
	goRows = 4
	goCols = 8

	maxCols = 32
)

// windowsGo multiplies windows, which lie in a as they are, by a panel of weights. A window is read in runs of n
// neighbours; runAt tells where the runs of every window start and rowAt where each window does. So nothing is packed:
//
//	for i := range rows {
//		for j := range goCols {
//			sum := start[j] // or, where start is nil, c[cAt[i]+j]
//			for r, at := range runAt {
//				for p := range n {
//					sum += a[rowAt[i]+at+p] * b[(r*n+p)*goCols+j]
//				}
//			}
//			c[cAt[i]+j] = sum
//		}
//	}
//
// It documents the assembly, whose tiles are wider and which uses fused multiply-adds, and stands in for it.
func windowsGo[T gemm.Float](rows int, a []T, rowAt, runAt []int, n int, b, start, c []T, cAt []int) {
	for i := range rows {
		out := (*[goCols]T)(c[cAt[i]:])
		sum := *out
		if start != nil {
			sum = *(*[goCols]T)(start)
		}
		q := 0
		for _, at := range runAt {
			for _, v := range a[rowAt[i]+at:][:n] {
				w := (*[goCols]T)(b[q:])
				for j := range sum {
					sum[j] += v * w[j]
				}
				q += goCols
			}
		}
		*out = sum
	}
}

// sumsGo multiplies columns of a by rows of b and adds up over the rows, which come in runs of n, bStep apart:
//
//	for i := range rows {
//		for j := range goCols {
//			sum := 0 // or, where add is true, c[i*goCols+j]
//			for r, at := range runAt {
//				for p := range n {
//					sum += a[(r*n+p)*aStep+i] * b[at+p*bStep+j]
//				}
//			}
//			c[i*goCols+j] = sum
//		}
//	}
//
// It documents the assembly, whose tiles are wider and which uses fused multiply-adds, and stands in for it.
func sumsGo[T gemm.Float](rows int, a []T, aStep int, b []T, runAt []int, n, bStep int, c []T, add bool) {
	for i := range rows {
		out := (*[goCols]T)(c[i*goCols:])
		var sum [goCols]T
		if add {
			sum = *out
		}
		q := i
		for _, at := range runAt {
			for range n {
				v, w := a[q], (*[goCols]T)(b[at:])
				for j := range sum {
					sum[j] += v * w[j]
				}
				q += aStep
				at += bStep
			}
		}
		*out = sum
	}
}

// shiftedGo is a weighted sum of runs of x:
//
//	for i := range y {
//		sum := start
//		for t, at := range off {
//			sum += w[t] * x[at+i]
//		}
//		y[i] = sum
//	}
//
// It documents the assembly, which uses fused multiply-adds, and stands in for it.
func shiftedGo[T gemm.Float](y, x []T, off []int, w []T, start T) {
	for i := range y {
		y[i] = start
	}
	for t, at := range off {
		from, v := x[at:][:len(y)], w[t]
		for i := range y {
			y[i] += v * from[i]
		}
	}
}

// dotsGo adds the products of a and runs of x to sums of which a run has as many as there are elements in 64 bytes, element i
// to sum i modulo that number:
//
//	for t, at := range off {
//		for i, v := range a {
//			acc[t*lanes+i%lanes] += v * x[at+i]
//		}
//	}
//
// It documents the assembly, which uses fused multiply-adds, and stands in for it.
func dotsGo[T gemm.Float](a, x []T, off []int, acc []T) {
	n := lanes[T]()
	for t, at := range off {
		from, sums := x[at:][:len(a)], acc[t*n:][:n]
		for i := 0; i < len(a); i += n {
			for k := range sums {
				sums[k] += a[i+k] * from[i+k]
			}
		}
	}
}

// lanes is how many elements 64 bytes are.
func lanes[T gemm.Float]() int {
	var zero T
	return 64 / int(unsafe.Sizeof(zero))
}
