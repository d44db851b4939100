package worker

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/bench/side"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native/gemm"
	"github.com/elbo-ml/elbo/runtime/native/pool"
)

// numbers draws a matrix of 1000 x 1000 numbers, other ones each time, as train.Fit draws the noise of a layer: normal ones, or
// uniform ones, which a mask is made of.
type numbers struct {
	fill           func(row uint64, dst []float32)
	mean, variance float64
	x              []float32
	next           uint64
}

// edge is the number of rows and of columns.
const edge = 1000

func newNormals([]string) (side.Task, error) {
	return &numbers{fill: runtime.Noise{Seed: 1}.Normal, variance: 1, x: make([]float32, edge*edge)}, nil
}

func newUniforms([]string) (side.Task, error) {
	return &numbers{fill: runtime.Noise{Seed: 1}.Uniform, mean: 0.5, variance: 1.0 / 12, x: make([]float32, edge*edge)}, nil
}

// Do draws rows [lo, hi).
func (n *numbers) Do(lo, hi int) {
	for i := lo; i < hi; i++ {
		n.fill(n.next+uint64(i), n.x[i*edge:(i+1)*edge])
	}
}

func (n *numbers) Run() error {
	pool.Shared().Run(n, edge, 4, 0)
	n.next += edge
	return nil
}

// Check finds mean and variance to be those of a million such numbers, within five standard errors of normal ones, and gives the
// number 1.
func (n *numbers) Check() ([]float32, error) {
	n.Run()
	var sum, squares float64
	for _, v := range n.x {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	mean := sum / 1e6
	variance := squares/1e6 - mean*mean
	if math.Abs(mean-n.mean) > 5e-3 || math.Abs(variance-n.variance) > 5*math.Sqrt(2)*1e-3 {
		return nil, fmt.Errorf("mean %g, variance %g", mean, variance)
	}
	return []float32{1}, nil
}

func (*numbers) Close() {}

// newSquare is a product of two matrices of 1000 x 1000, which gives the number 1 when it is that of the identity.
func newSquare([]string) (side.Task, error) {
	const n = edge
	a, b, c := make([]float32, n*n), make([]float32, n*n), make([]float32, n*n)
	for i := range n {
		a[i*n+i], b[i*n+i] = 1, 1
	}
	x := gemm.Product[float32]{M: n, N: n, K: n, Alpha: 1, A: a, LDA: n, B: b, LDB: n, C: c, LDC: n}
	return newProduct(c[:1], x), nil
}
