package conv

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/elbo-ml/elbo/runtime/native/gemm"
)

// fma is x*y + z with one rounding.
func fma[T gemm.Float](x, y, z T) T {
	if unsafe.Sizeof(z) == 8 {
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

// twinWindows is windowsGo of any width, with fused multiply-adds.
func twinWindows[T gemm.Float](rows, cols int, a []T, rowAt, runAt []int, n int, b, start, c []T, cAt []int) {
	for i := range rows {
		for j := range cols {
			sum := c[cAt[i]+j]
			if start != nil {
				sum = start[j]
			}
			for r, at := range runAt {
				for p := range n {
					sum = fma(a[rowAt[i]+at+p], b[(r*n+p)*cols+j], sum)
				}
			}
			c[cAt[i]+j] = sum
		}
	}
}

// twinSums is sumsGo of any width, with fused multiply-adds.
func twinSums[T gemm.Float](rows, cols int, a []T, aStep int, b []T, runAt []int, n, bStep int, c []T, add bool) {
	for i := range rows {
		for j := range cols {
			sum := c[i*cols+j]
			if !add {
				sum = 0
			}
			for r, at := range runAt {
				for p := range n {
					sum = fma(a[(r*n+p)*aStep+i], b[at+p*bStep+j], sum)
				}
			}
			c[i*cols+j] = sum
		}
	}
}

func TestKernelsAgainstTheirTwins(t *testing.T) {
	t.Run("float32", func(t *testing.T) { kernels[float32](t, 1.0/(1<<24)) })
	t.Run("float64", func(t *testing.T) { kernels[float64](t, 1.0/(1<<53)) })
}

func kernels[T gemm.Float](t *testing.T, epsilon float64) {
	r := rand.New(rand.NewPCG(1, 2))
	for l := levelGo; l <= best; l++ {
		most, cols := tile[T](l)
		for rows := 1; rows <= most; rows++ {
			for _, runs := range []int{1, 2, 5} {
				for _, n := range []int{1, 2, 7, 64} {
					var rowAt, runAt, cAt []int
					for i := range rows {
						rowAt, cAt = append(rowAt, 400+i*37), append(cAt, (rows-1-i)*(cols+3))
					}
					for i := range runs {
						runAt = append(runAt, 100*i-200) // before a window's start too
					}
					a, b := random[T](r, 2000), random[T](r, runs*n*cols)
					start := random[T](r, cols)
					if rows%2 == 0 {
						start = nil
					}
					got := random[T](r, rows*(cols+3))
					want := slices.Clone(got)
					windows(l, rows, a, rowAt, runAt, n, b, start, got, cAt)
					twinWindows(rows, cols, a, rowAt, runAt, n, b, start, want, cAt)
					check(t, fmt.Sprintf("windows, level %d, %d rows, %d runs of %d", l, rows, runs, n), got, want, l == levelGo, epsilon)

					for i := range runs {
						runAt[i] = 100 * (runs - i)
					}
					a, b = random[T](r, runs*n*(rows+2)), random[T](r, 100*runs+n*(cols+5)+cols)
					got = random[T](r, rows*cols)
					want = slices.Clone(got)
					sums(l, rows, a, rows+2, b, runAt, n, cols+5, got, rows%2 == 0)
					twinSums(rows, cols, a, rows+2, b, runAt, n, cols+5, want, rows%2 == 0)
					check(t, fmt.Sprintf("sums, level %d, %d rows, %d runs of %d", l, rows, runs, n), got, want, l == levelGo, epsilon)
				}
			}
		}
	}
}

// Sums of shifted runs and products with them: at every number of taps, in whole multiples of lanes.
func TestShiftedAndDots(t *testing.T) {
	t.Run("float32", func(t *testing.T) { shifts32and64[float32](t, 1.0/(1<<24)) })
	t.Run("float64", func(t *testing.T) { shifts32and64[float64](t, 1.0/(1<<53)) })
}

func shifts32and64[T gemm.Float](t *testing.T, epsilon float64) {
	r := rand.New(rand.NewPCG(3, 4))
	n := lanes[T]()
	for l := levelGo; l <= best; l++ {
		for taps := range 11 {
			for _, length := range []int{n, 3 * n, 4 * n, 9 * n} {
				off := make([]int, taps)
				for i := range off {
					off[i] = r.IntN(100)
				}
				x, w, start := random[T](r, 100+length), random[T](r, taps), random[T](r, 1)[0]
				got, want := random[T](r, length), make([]T, length)
				shifted(l, got, x, off, w, start)
				for i := range want {
					want[i] = start
					for k, at := range off {
						want[i] = fma(w[k], x[at+i], want[i])
					}
				}
				check(t, fmt.Sprintf("shifted, level %d, %d taps, %d elements", l, taps, length), got, want, l == levelGo, epsilon)

				a := random[T](r, length)
				got = random[T](r, taps*n)
				want = slices.Clone(got)
				dots(l, a, x, off, got)
				for k, at := range off {
					for i, v := range a {
						want[k*n+i%n] = fma(v, x[at+i], want[k*n+i%n])
					}
				}
				check(t, fmt.Sprintf("dots, level %d, %d taps, %d elements", l, taps, length), got, want, l == levelGo, epsilon)
			}
		}
	}
}

// check compares bits, or with near set, where multiply-adds are not fused, numbers.
func check[T gemm.Float](t *testing.T, what string, got, want []T, near bool, epsilon float64) {
	t.Helper()
	same := slices.Equal(got, want)
	if near {
		same = slices.EqualFunc(got, want, func(x, y T) bool { return math.Abs(float64(x-y)) <= 2000*epsilon })
	}
	if !same {
		t.Fatalf("%s:\n%v\nwant\n%v", what, got, want)
	}
}
