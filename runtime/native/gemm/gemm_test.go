package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/elbo-ml/elbo/runtime/native/pool"
	"github.com/elbo-ml/elbo/runtime/native/subnormal"
	"pgregory.net/rapid"
)

// random fills n numbers of about unit size.
func random[T Float](r *rand.Rand, n int) []T {
	x := make([]T, n)
	for i := range x {
		x[i] = T(r.NormFloat64())
	}
	return x
}

// reference computes the product in float64 with the textbook's loops, and for each element the sum of the sizes of
// what was added, which bounds the rounding error.
func reference[T Float](x Product[T], old []T) (want, size []float64) {
	want, size = make([]float64, x.M*x.N), make([]float64, x.M*x.N)
	for i := range x.M {
		for j := range x.N {
			at := i*x.N + j
			add := func(v float64) {
				want[at] += v
				size[at] += math.Abs(v)
			}
			for k := range x.K {
				a, b := i*x.LDA+k, k*x.LDB+j
				if x.TransA {
					a = k*x.LDA + i
				}
				if x.TransB {
					b = j*x.LDB + k
				}
				add(float64(x.Alpha) * float64(x.A[a]) * float64(x.B[b]))
			}
			if x.Beta != 0 {
				add(float64(x.Beta) * float64(old[i*x.LDC+j]))
			}
			if x.RowBias != nil {
				add(float64(x.RowBias[j]))
			}
			if x.ColBias != nil {
				add(float64(x.ColBias[i]))
			}
		}
	}
	return want, size
}

func epsilon[T Float]() float64 {
	if any(T(0)) == any(float32(0)) {
		return 1.0 / (1 << 24)
	}
	return 1.0 / (1 << 53)
}

// draw makes a product with any shape, transposition, stride, alpha, beta and bias.
func draw[T Float](t *rapid.T, most int) Product[T] {
	dim := func(name string) int {
		return rapid.OneOf(rapid.IntRange(1, 40), rapid.IntRange(1, most)).Draw(t, name)
	}
	x := Product[T]{M: dim("m"), N: dim("n"), K: dim("k")}
	if rapid.IntRange(0, 19).Draw(t, "empty sum") == 0 {
		x.K = 0
	}
	x.TransA, x.TransB = rapid.Bool().Draw(t, "transA"), rapid.Bool().Draw(t, "transB")
	x.Alpha = T(rapid.SampledFrom([]float64{1, 1, -0.5, 0}).Draw(t, "alpha"))
	x.Beta = T(rapid.SampledFrom([]float64{0, 0, 1, 0.25}).Draw(t, "beta"))
	extra := rapid.IntRange(0, 5)
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	matrix := func(name string, rows, cols int) ([]T, int) {
		ld := cols + extra.Draw(t, name)
		return random[T](r, max(0, (rows-1)*ld+cols)), ld
	}
	ra, ca, rb, cb := x.M, x.K, x.K, x.N
	if x.TransA {
		ra, ca = ca, ra
	}
	if x.TransB {
		rb, cb = cb, rb
	}
	x.A, x.LDA = matrix("lda", ra, ca)
	x.B, x.LDB = matrix("ldb", rb, cb)
	x.C, x.LDC = matrix("ldc", x.M, x.N)
	if rapid.Bool().Draw(t, "row bias") {
		x.RowBias = random[T](r, x.N)
	}
	if rapid.Bool().Draw(t, "column bias") {
		x.ColBias = random[T](r, x.M)
	}
	return x
}

func TestGemmAgainstFloat64Loops(t *testing.T) {
	t.Run("float32", againstLoops[float32])
	t.Run("float64", againstLoops[float64])
}

func againstLoops[T Float](t *testing.T) {
	p := pool.New(3)
	defer p.Close()
	for l := levelGo; l <= best; l++ {
		rapid.Check(t, func(t *rapid.T) {
			x := draw[T](t, 150)
			old := slices.Clone(x.C)
			threads := rapid.IntRange(1, 3).Draw(t, "threads")
			if x.Beta == 0 { // then C may hold anything
				for i := range x.M {
					x.C[i*x.LDC] = T(math.NaN())
				}
			}
			new(work[T]).run(p, threads, l, x)
			want, size := reference(x, old)
			for i := range x.M {
				for j := range x.N {
					got, w := float64(x.C[i*x.LDC+j]), want[i*x.N+j]
					tol := float64(x.K+4) * epsilon[T]() * size[i*x.N+j]
					if !(math.Abs(got-w) <= tol) {
						t.Fatalf("level %d: C[%d,%d] = %v, want %v within %v", l, i, j, got, w, tol)
					}
				}
				if i > 0 {
					at := i*x.LDC - (x.LDC - x.N)
					if !slices.Equal(x.C[at:i*x.LDC], old[at:i*x.LDC]) {
						t.Fatalf("level %d: wrote between rows %d and %d", l, i-1, i)
					}
				}
			}
		})
	}
}

// One thread and three, the whole product and single rows of it, AVX2 and AVX-512: the same bits.
func TestGemmBitsDependOnNothingElse(t *testing.T) {
	t.Run("float32", sameBits[float32])
	t.Run("float64", sameBits[float64])
}

func sameBits[T Float](t *testing.T) {
	p := pool.New(3)
	defer p.Close()
	rapid.Check(t, func(t *rapid.T) {
		x := draw[T](t, 700)
		old := slices.Clone(x.C)
		new(work[T]).run(p, 1, best, x)
		want := slices.Clone(x.C)

		check := func(what string, change func() Product[T], p *pool.Pool, threads int, l level) {
			t.Helper()
			copy(x.C, old)
			new(work[T]).run(p, threads, l, change())
			if !slices.Equal(x.C, want) {
				t.Fatalf("%s: other bits", what)
			}
		}
		same := func() Product[T] { return x }
		check("three threads", same, p, 3, best)
		if best > levelGo+1 {
			check("next instruction set", same, p, 2, best-1)
		}

		row := rapid.IntRange(0, x.M-1).Draw(t, "row")
		copy(x.C, old)
		one := x
		one.M = 1
		one.C = x.C[row*x.LDC:]
		if x.TransA {
			one.A = x.A[min(row, len(x.A)):]
		} else {
			one.A = x.A[row*x.LDA:]
		}
		if x.ColBias != nil {
			one.ColBias = x.ColBias[row:]
		}
		new(work[T]).run(p, 1, best, one)
		if !slices.Equal(x.C[row*x.LDC:row*x.LDC+x.N], want[row*x.LDC:row*x.LDC+x.N]) {
			t.Fatalf("row %d alone: other bits", row)
		}
	})
}

// The largest shapes cross every superblock boundary; integers keep every sum exact, whatever its order.
func TestGemmAcrossSuperblocks(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	for _, s := range [][3]int{{superM + 13, 5, 3}, {3, superN + 33, 2}, {2, 3, superK*kcMax + 300}, {superM + 1, superN + 1, 9}} {
		for form := range 4 {
			x := integers(s[0], s[1], s[2], form&1 > 0, form&2 > 0)
			Gemm(p, 2, x)
			for trial := range 200 {
				i, j := trial*7919%x.M, trial*104729%x.N
				if trial == 0 {
					i, j = x.M-1, x.N-1
				}
				var want float32
				for k := range x.K {
					a, b := i*x.LDA+k, k*x.LDB+j
					if x.TransA {
						a = k*x.LDA + i
					}
					if x.TransB {
						b = j*x.LDB + k
					}
					want += x.A[a] * x.B[b]
				}
				if got := x.C[i*x.LDC+j]; got != want {
					t.Fatalf("%v form %d: C[%d,%d] = %v, want %v", s, form, i, j, got, want)
				}
			}
		}
	}
}

// integers makes a product of small integers.
func integers(m, n, k int, transA, transB bool) Product[float32] {
	x := Product[float32]{M: m, N: n, K: k, TransA: transA, TransB: transB, Alpha: 1, LDA: k, LDB: n, LDC: n}
	if transA {
		x.LDA = m
	}
	if transB {
		x.LDB = k
	}
	x.A, x.B, x.C = make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
	for i := range x.A {
		x.A[i] = float32(i*31%7 - 3)
	}
	for i := range x.B {
		x.B[i] = float32(i*17%5 - 2)
	}
	return x
}

// Subnormal operands count as 0, where the processor can be told so, and the caller's arithmetic stays as it is.
func TestGemmTakesSubnormalNumbersForZero(t *testing.T) {
	const m, n, k = 7, 33, 19
	a, b, c := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
	for i := range a {
		a[i] = 1e-40
	}
	for i := range b {
		b[i] = 1e3
	}
	Gemm(pool.Shared(), 1, Product[float32]{M: m, N: n, K: k, Alpha: 1, A: a, LDA: k, B: b, LDB: n, C: c, LDC: n})
	if zero := c[0] == 0; zero != subnormal.Flushes {
		t.Errorf("the sum of 19 products is %g", c[0])
	}
	if a[0]*b[0] == 0 {
		t.Error("the caller's own product is 0")
	}
}

func TestGemmDoesNotAllocate(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	x := integers(100, 300, 784, false, true)
	x.RowBias = make([]float32, 300)
	for _, threads := range []int{1, 2} {
		Gemm(p, threads, x)
		if got := testing.AllocsPerRun(50, func() { Gemm(p, threads, x) }); got != 0 {
			t.Errorf("%d threads: %v allocations", threads, got)
		}
	}
}

func TestGemmRefusesShortSlices(t *testing.T) {
	for name, shorten := range map[string]func(*Product[float32]){
		"A":    func(x *Product[float32]) { x.A = x.A[1:] },
		"B":    func(x *Product[float32]) { x.B = x.B[1:] },
		"C":    func(x *Product[float32]) { x.C = x.C[1:] },
		"bias": func(x *Product[float32]) { x.RowBias = make([]float32, x.N-1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s too short: no panic", name)
				}
			}()
			x := integers(5, 6, 7, true, false)
			shorten(&x)
			Gemm(pool.Shared(), 1, x)
		}()
	}
}

func BenchmarkGemm(b *testing.B) {
	for _, c := range []struct {
		m, n, k        int
		transA, transB bool
	}{
		{1024, 1024, 1024, false, false},
		{100, 500, 784, false, true},  // forward of a dense layer, 784 to 500
		{100, 784, 500, false, true},  // forward of a dense layer, 500 to 784
		{100, 784, 500, false, false}, // gradient of its input
		{500, 784, 100, true, false},  // gradient of its weight
		{100, 20, 500, false, true},
		{1, 500, 784, false, true},
		{1, 784, 500, false, false},
	} {
		form := map[bool]string{false: "N", true: "T"}
		name := fmt.Sprintf("%dx%dx%d%s%s", c.m, c.n, c.k, form[c.transA], form[c.transB])
		b.Run("float32/"+name, func(b *testing.B) { benchmark[float32](b, c.m, c.n, c.k, c.transA, c.transB) })
		if c.m == 1024 {
			b.Run("float64/"+name, func(b *testing.B) { benchmark[float64](b, c.m, c.n, c.k, c.transA, c.transB) })
		}
	}
}

func benchmark[T Float](b *testing.B, m, n, k int, transA, transB bool) {
	s := integers(m, n, k, transA, transB)
	x := Product[T]{M: m, N: n, K: k, TransA: transA, TransB: transB, Alpha: 1, LDA: s.LDA, LDB: s.LDB, LDC: s.LDC,
		A: make([]T, m*k), B: make([]T, k*n), C: make([]T, m*n)}
	p := pool.New(2)
	defer p.Close()
	for l := best; l >= levelGo; l-- {
		for threads := 1; threads <= 2; threads++ {
			b.Run(fmt.Sprintf("level=%d/threads=%d", l, threads), func(b *testing.B) {
				w := new(work[T])
				for b.Loop() {
					w.run(p, threads, l, x)
				}
				b.ReportMetric(2*float64(m)*float64(n)*float64(k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}
