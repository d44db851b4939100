// Command sgemm times float32 matrix products in elbo, gonum and PyTorch, side by side, and prints the medians as
// Markdown.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"time"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/elbo-ml/elbo/bench/side"
	"github.com/elbo-ml/elbo/bench/torch"
	"github.com/elbo-ml/elbo/runtime/native/gemm"
	"github.com/elbo-ml/elbo/runtime/native/pool"
)

// shapes are a large square, and the largest products of a VAE's training step: forward, and the gradient of a weight.
var shapes = []shape{{1024, 1024, 1024}, {100, 500, 784}, {784, 500, 100}}

// shape is C [m,n] = A [m,k] B [k,n].
type shape struct{ m, n, k int }

func (s shape) flops() float64 { return 2 * float64(s.m) * float64(s.n) * float64(s.k) }

func main() {
	rounds := flag.Int("rounds", 40, "`rounds`: bursts of each side")
	flag.Parse()
	fmt.Printf("## Sgemm\n\n")
	side.Machine(os.Stdout)
	for _, s := range shapes {
		var sides []side.Side
		for _, make := range []func(int) side.Side{s.elbo, s.torch, s.gonum} {
			sides = append(sides, make(1), make(2))
		}
		// A burst is about 2 GFLOP: tens of milliseconds.
		results, err := side.Race(os.Stderr, sides, *rounds, max(1, int(2e9/s.flops())))
		if err != nil {
			fmt.Fprintln(os.Stderr, "sgemm:", err)
			os.Exit(1)
		}
		fmt.Printf("C [%d, %d] = A [%d, %d] B [%d, %d]\n\n", s.m, s.n, s.m, s.k, s.k, s.n)
		side.Table(os.Stdout, results, s.flops()/1e9, "GFLOP/s")
	}
}

func random(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rand.NormFloat64())
	}
	return x
}

// repeat is the burst that calls f.
func repeat(f func()) side.Burst {
	return func(n int) (time.Duration, error) {
		start := time.Now()
		for range n {
			f()
		}
		return time.Since(start), nil
	}
}

func (s shape) elbo(threads int) side.Side {
	return side.Side{Name: "elbo", Threads: threads, Open: func() (side.Burst, func(), error) {
		p := gemm.Product[float32]{M: s.m, N: s.n, K: s.k, Alpha: 1, A: random(s.m * s.k), LDA: s.k, B: random(s.k * s.n), LDB: s.n,
			C: make([]float32, s.m*s.n), LDC: s.n}
		return repeat(func() { gemm.Gemm(pool.Shared(), threads, p) }), func() {}, nil
	}}
}

// gonum takes as many goroutines as there are cores, so its threads are GOMAXPROCS, set for the length of a burst.
func (s shape) gonum(threads int) side.Side {
	return side.Side{Name: "gonum", Threads: threads, Open: func() (side.Burst, func(), error) {
		matrix := func(r, c int) blas32.General { return blas32.General{Rows: r, Cols: c, Stride: c, Data: random(r * c)} }
		a, b, c := matrix(s.m, s.k), matrix(s.k, s.n), matrix(s.m, s.n)
		burst := repeat(func() { blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, a, b, 0, c) })
		return func(n int) (time.Duration, error) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
			return burst(n)
		}, func() {}, nil
	}}
}

func (s shape) torch(threads int) side.Side {
	return torch.Side(threads, "gemm", strconv.Itoa(s.m), strconv.Itoa(s.n), strconv.Itoa(s.k))
}
