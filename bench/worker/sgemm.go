package worker

import (
	"context"
	"path/filepath"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/elbo-ml/elbo/bench/side"
	"github.com/elbo-ml/elbo/runtime/native/gemm"
	"github.com/elbo-ml/elbo/runtime/native/pool"
)

// product is C [m,n] = A [m,k] B [k,n], on the files a and b of a folder.
type product struct {
	c   []float32
	run func()
	end func() // or nil
}

func (p *product) Check() ([]float32, error) { p.run(); return p.c, nil }
func (p *product) Run() error                { p.run(); return nil }
func (p *product) Close() {
	if p.end != nil {
		p.end()
	}
}

// newProduct multiplies again and again within one run of the pool, as a program's products do: workers look out for the
// next instead of falling asleep.
func newProduct(c []float32, x gemm.Product[float32]) *product {
	_, end := pool.Hold(context.Background())
	return &product{c, func() { gemm.Gemm(pool.Shared(), 0, x) }, end}
}

// operands reads "M N K DIR" and the two files, and makes room for C.
func operands(args []string) (m, n, k int, a, b, c []float32, err error) {
	var dir string
	if err = scan(args, &m, &n, &k, &dir); err != nil {
		return
	}
	if a, err = side.ReadArray(filepath.Join(dir, "a")); err != nil {
		return
	}
	b, err = side.ReadArray(filepath.Join(dir, "b"))
	return m, n, k, a, b, make([]float32, m*n), err
}

// newSgemm takes M N K DIR. It uses as many threads as the process may.
func newSgemm(args []string) (side.Task, error) {
	m, n, k, a, b, c, err := operands(args)
	if err != nil {
		return nil, err
	}
	x := gemm.Product[float32]{M: m, N: n, K: k, Alpha: 1, A: a, LDA: k, B: b, LDB: n, C: c, LDC: n}
	return newProduct(c, x), nil
}

// newGonum takes the same.
func newGonum(args []string) (side.Task, error) {
	m, n, k, a, b, c, err := operands(args)
	if err != nil {
		return nil, err
	}
	matrix := func(r, c int, data []float32) blas32.General {
		return blas32.General{Rows: r, Cols: c, Stride: c, Data: data}
	}
	x, y, z := matrix(m, k, a), matrix(k, n, b), matrix(m, n, c)
	return &product{c, func() { blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, x, y, 0, z) }, nil}, nil
}
