package gemm

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// fma is x*y + z with one rounding.
func fma[T Float](x, y, z T) T {
	if epsilon[T]() < 1e-10 {
		return T(math.FMA(float64(x), float64(y), float64(z)))
	}
	// The product is exact in float64. The sum is rounded to odd (Boldo and Melquiond, 2008), after which rounding it to
	// float32 is as good as rounding once.
	p, c := float64(x)*float64(y), float64(z)
	s := p + c
	v := s - p
	lost := (p - (s - v)) + (c - v)
	if b := math.Float64bits(s); lost != 0 && b&1 == 0 {
		if (lost > 0) == (s > 0) {
			b++
		} else {
			b--
		}
		s = math.Float64frombits(b)
	}
	return T(s)
}

// twin is kernelGo with fused multiply-adds.
func twin[T Float](rows, cols, k int, a, b []T, bStride int, c []T, ldc int, alpha T, add bool) {
	for i := range rows {
		for j := range cols {
			var sum T
			for p := range k {
				sum = fma(a[p*rows+i], b[p*bStride+j], sum)
			}
			if add {
				c[i*ldc+j] = fma(alpha, sum, c[i*ldc+j])
			} else {
				c[i*ldc+j] = alpha * sum
			}
		}
	}
}

func TestKernelsAgainstTheirTwin(t *testing.T) {
	t.Run("float32", func(t *testing.T) { kernels[float32](t) })
	t.Run("float64", func(t *testing.T) { kernels[float64](t) })
}

func kernels[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for l := levelGo; l <= best; l++ {
		mr, nr := tile[T](l)
		for tile := range mr * nr {
			rows, cols := tile/nr+1, tile%nr+1
			if cols < nr && !masks(l) {
				continue
			}
			for _, k := range []int{1, 2, 3, 33} {
				for _, gap := range []int{0, 3} {
					for _, add := range []bool{false, true} {
						a, b := random[T](r, k*rows), random[T](r, k*(nr+gap))
						got := random[T](r, rows*(nr+gap)+5)
						want := slices.Clone(got)
						kernel(l, rows, cols, k, a, b, nr+gap, got, nr+gap, 0.7, add)
						twin(rows, cols, k, a, b, nr+gap, want, nr+gap, 0.7, add)
						same := slices.Equal(got, want)
						if l == levelGo { // not fused
							same = slices.EqualFunc(got, want, func(x, y T) bool {
								return math.Abs(float64(x-y)) <= 40*float64(k+1)*epsilon[T]()
							})
						}
						if !same {
							t.Fatalf("level %d, %d rows, %d columns, k %d, gap %d, add %v:\n%v\nwant\n%v", l, rows, cols, k, gap, add, got, want)
						}
					}
				}
			}
		}
	}
}

func TestTransposeAgainstItsTwin(t *testing.T) {
	t.Run("float32", transposes[float32])
	t.Run("float64", transposes[float64])
}

func transposes[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for l := levelGo; l <= best; l++ {
		for rows := 1; rows <= 35; rows++ {
			for n := 1; n <= 35; n++ {
				ld, step := n+3, rows+2
				src := random[T](r, rows*ld-3)
				got := random[T](r, n*step)
				want := slices.Clone(got)
				transpose(l, rows, n, src, ld, got, step)
				transposeGo(rows, n, src, ld, want, step)
				if !slices.Equal(got, want) {
					t.Fatalf("level %d: %d rows of %d: %v, want %v", l, rows, n, got, want)
				}
			}
		}
	}
}

func TestSpreadAgainstItsTwin(t *testing.T) {
	t.Run("float32", spreads[float32])
	t.Run("float64", spreads[float64])
}

func spreads[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for l := levelGo; l <= best; l++ {
		_, n := tile[T](l)
		for _, rows := range []int{1, 2, 9} {
			for panels := 1; panels <= 5; panels++ {
				ld := panels*n + 3
				src := random[T](r, rows*ld-3)
				got := random[T](r, rows*panels*n+4)
				want := slices.Clone(got)
				spread(l, rows, panels, n, src, ld, got)
				spreadGo(rows, panels, n, src, ld, want)
				if !slices.Equal(got, want) {
					t.Fatalf("level %d: %d rows of %d panels: %v, want %v", l, rows, panels, got, want)
				}
			}
		}
	}
}
