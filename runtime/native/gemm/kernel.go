package gemm

//go:generate go run ./gen -out kernel_amd64.s -stubs kernel_amd64.go -pkg gemm

// The tile of kernelGo: a panel of B this wide fits the registers a Go loop gets.
const (
	goRows = 8
	goCols = 8
)

// kernelGo multiplies a packed panel of A by a panel of B. It documents the assembly, which computes each sum with fused
// multiply-adds, and stands in for it:
//
//	for i := range rows {
//		for j := range cols {
//			var sum T
//			for p := range k {
//				sum += a[p*rows+i] * b[p*bStride+j]
//			}
//			c[i*ldc+j] = alpha*sum            // add is false
//			c[i*ldc+j] = alpha*sum + c[i*ldc+j] // add is true
//		}
//	}
//
// cols must be a multiple of 4.
func kernelGo[T Float](rows, cols, k int, a, b []T, bStride int, c []T, ldc int, alpha T, add bool) {
	for i := range rows {
		for j := 0; j < cols; j += 4 {
			var s0, s1, s2, s3 T
			for p := range k {
				x := a[p*rows+i]
				y := (*[4]T)(b[p*bStride+j:])
				s0 += x * y[0]
				s1 += x * y[1]
				s2 += x * y[2]
				s3 += x * y[3]
			}
			z := (*[4]T)(c[i*ldc+j:])
			if !add {
				*z = [4]T{}
			}
			z[0] += alpha * s0
			z[1] += alpha * s1
			z[2] += alpha * s2
			z[3] += alpha * s3
		}
	}
}

// spreadGo cuts rows of panels*n elements into panels of n columns, one panel of rows*n after the other:
//
//	dst[(j*rows+i)*n+k] = src[i*ld+j*n+k]
func spreadGo[T Float](rows, panels, n int, src []T, ld int, dst []T) {
	for i := range rows {
		for j := range panels {
			copy(dst[(j*rows+i)*n:][:n], src[i*ld+j*n:][:n])
		}
	}
}

// transposeGo writes n columns of a matrix as rows, step elements apart:
//
//	dst[j*step+i] = src[i*ld+j]
func transposeGo[T Float](rows, n int, src []T, ld int, dst []T, step int) {
	for i := range rows {
		row := src[i*ld : i*ld+n]
		for j, v := range row {
			dst[j*step+i] = v
		}
	}
}
