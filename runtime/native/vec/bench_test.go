package vec

import (
	"fmt"
	"testing"
)

// lengths are a row of a latent space, an array in the first-level cache, and one that is in none of the first two.
var lengths = []int{20, 2048, 1 << 20}

// BenchmarkColumns sums the columns of the gradient of a layer of 500 units, for its bias.
func BenchmarkColumns(b *testing.B) {
	const rows, cols = 100, 500
	x, acc := make([]float32, rows*cols), make([]float64, cols)
	b.SetBytes(4 * rows * cols)
	for b.Loop() {
		SumColumns(acc, x, rows, cols)
	}
}

// BenchmarkVec gives, for every function, ns for an element and the bytes that it reads and writes.
func BenchmarkVec(b *testing.B) {
	run := func(name string, n, bytes int, f func()) {
		b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
			b.SetBytes(int64(n * bytes))
			for b.Loop() {
				f()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/elem")
		})
	}
	for _, n := range lengths {
		x, y, z, t := make([]float32, n), make([]float32, n), make([]float32, n), make([]bool, n)
		for i := range x {
			x[i] = float32(i%397)/40 - 4.9
			z[i] = float32(i%13) + 0.5
		}
		for _, f := range unaries {
			if f.name == "log" {
				run(f.name, n, 8, func() { f.many(y, z) })
				continue
			}
			run(f.name, n, 8, func() { f.many(y, x) })
		}
		run("add", n, 12, func() { Add(y, x, z) })
		run("addScalar", n, 8, func() { AddScalar(y, x, 2) })
		run("div", n, 12, func() { Div(y, x, z) })
		run("max", n, 12, func() { Max(y, x, z) })
		run("less", n, 9, func() { Less(t, x, z) })
		run("widen", n, 5, func() { Widen(y, t) })
		run("select", n, 13, func() { Select(y, t, x, z, 1, 1) })
		run("sum", n, 4, func() { Sum(x) })
		run("sumSquares", n, 4, func() { SumSquares(x) })
		run("sumDeviations", n, 4, func() { SumDeviations(x, 0.5) })
		run("largest", n, 4, func() { Largest(x) })
		run("sumExp", n, 4, func() { SumExp(x, 5) })
		run("expSum", n, 8, func() { ExpSum(y, x, 5) })
		run("affine", n, 8, func() { Affine(y, x, 0.5, 2, 1) })
	}
}
