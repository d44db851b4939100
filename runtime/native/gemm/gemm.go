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
// between the starts of rows in memory. The slices may be longer than needed; one too short is a bug in the caller and
// panics. C must not overlap A or B.
type Product[T Float] struct {
	TransA, TransB bool
	M, N, K        int
	Alpha          T
	A              []T
	LDA            int
	B              []T
	LDB            int
	// Packed, when not nil, is op(B), made by Pack; B is not read then.
	Packed *Packed[T]
	// Beta scales the old C; when it is zero C is not read, so it may hold anything, NaN included.
	Beta T
	C    []T
	LDC  int
	// RowBias, when not nil, is a row of N numbers added to every row of C (a dense layer's bias).
	RowBias []T
	// ColBias, when not nil, is a column of M numbers: ColBias[i] is added to all of row i (a convolution's bias).
	ColBias []T
	// Epilogue, when not nil, goes on with parts of C as they are finished.
	Epilogue Epilogue
}

// Epilogue is told of parts of C that hold their final values: rows i0 to i0+rows of columns j0 to j0+cols. The call comes
// on the goroutine that finished the part, which has just left it in a cache near by, and may write to it. The parts cover
// C once, in no certain order; calls for several may run at the same time.
type Epilogue interface {
	Tile(i0, j0, rows, cols int)
}

// Gemm computes x on at most threads goroutines of the pool (zero or less: all of them). It allocates nothing after
// warm-up.
//
// The sum over k is taken in an order that depends on K alone. So the result has the same bits for any number of
// threads and on AVX2 as on AVX-512, and a row of C has the same bits whatever the number of rows.
func Gemm[T Float](p *pool.Pool, threads int, x Product[T]) {
	if x.M <= 0 || x.N <= 0 {
		return
	}
	x.check()
	free := freeWork[T]()
	w := free.Take()
	w.run(p, threads, best, x)
	free.Give(w)
}

// check touches the last element of each matrix: the assembly would not notice a slice that is too short.
func (x *Product[T]) check() {
	ra, ca, rb, cb := x.M, x.K, x.K, x.N
	if x.TransA {
		ra, ca = ca, ra
	}
	if x.TransB {
		rb, cb = cb, rb
	}
	_ = x.C[(x.M-1)*x.LDC+x.N-1]
	if x.K > 0 {
		_ = x.A[(ra-1)*x.LDA+ca-1]
	}
	switch {
	case x.Packed != nil && (x.Packed.n != x.N || x.Packed.k != x.K):
		panic("gemm: B was packed for another shape")
	case x.Packed == nil && x.K > 0:
		_ = x.B[(rb-1)*x.LDB+cb-1]
	}
	if x.RowBias != nil {
		_ = x.RowBias[x.N-1]
	}
	if x.ColBias != nil {
		_ = x.ColBias[x.M-1]
	}
}
