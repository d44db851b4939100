// Package gemm multiplies dense matrices on the CPU.
package gemm

import "github.com/elbo-ml/elbo/runtime/native/pool"

// Float is an element type of the package.
type Float interface{ float32 | float64 }

// Product describes
//
//	C = alpha * op(A) * op(B) + beta * C + bias
//
// with op(A) m by k, op(B) k by n, C m by n, all row-major; op transposes where TransA or TransB is set, so that with
// TransA the memory of A is k by m, with TransB the memory of B is n by k. LDA, LDB and LDC are the distances in elements
// between the starts of rows in memory. The slices may be longer than needed. C must not overlap A or B.
type Product[T Float] struct {
	TransA, TransB bool
	M, N, K        int
	Alpha          T
	A              []T
	LDA            int
	B              []T
	LDB            int
	// Beta scales the old C; when it is zero C is not read, so it may hold anything, NaN included.
	Beta T
	C    []T
	LDC  int
	// RowBias, when not nil, is a row of N numbers added to every row of C (a dense layer's bias).
	RowBias []T
	// ColBias, when not nil, is a column of M numbers: ColBias[i] is added to all of row i (a convolution's bias).
	ColBias []T
}

// Gemm computes p on at most threads goroutines of the pool (zero or less: all of them). It allocates nothing after
// warm-up.
//
// The sum over k is taken in an order that depends on K alone. So the result has the same bits for any number of
// threads, and a row of C has the same bits whatever the number of rows.
func Gemm[T Float](p *pool.Pool, threads int, x Product[T]) {
	for i := range x.M {
		row := x.C[i*x.LDC : i*x.LDC+x.N]
		for j := range row {
			var sum T
			for k := range x.K {
				a, b := i*x.LDA+k, k*x.LDB+j
				if x.TransA {
					a = k*x.LDA + i
				}
				if x.TransB {
					b = j*x.LDB + k
				}
				sum += x.A[a] * x.B[b]
			}
			sum *= x.Alpha
			if x.Beta != 0 {
				sum += x.Beta * row[j]
			}
			if x.RowBias != nil {
				sum += x.RowBias[j]
			}
			if x.ColBias != nil {
				sum += x.ColBias[i]
			}
			row[j] = sum
		}
	}
}
