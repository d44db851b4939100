package vec

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Every reduction at every length has the bits of the plain loop.
func TestReductionsAgainstPlainLoops(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4))
	lanesOf := func(x []float32, f func(float32) float64) float64 {
		var acc [16]float64
		for i, v := range x {
			acc[i%16] += f(v)
		}
		return total(&acc)
	}
	identical := func(a, b float64) bool { return a == b || a != a && b != b }
	atEveryLevel(t, func(t *testing.T) {
		for n := range 100 {
			x := make([]float32, n)
			for i := range x {
				x[i] = float32(r.NormFloat64())
			}
			if n > 0 && n%7 == 0 {
				x[r.IntN(n)] = special[r.IntN(5)] // zeros, infinities, NaN
			}
			const top = 1.5
			y, exps := make([]float32, n+1), make([]float32, n)
			largest, smallest := -inf32, inf32
			for i, v := range x {
				exps[i] = Exp32(v - top)
				largest, smallest = max(largest, v), min(smallest, v)
			}
			for _, c := range []struct {
				name      string
				got, want float64
			}{
				{"sum", Sum(x), lanesOf(x, func(v float32) float64 { return float64(v) })},
				{"sum of squares", SumSquares(x), lanesOf(x, func(v float32) float64 { return float64(v) * float64(v) })},
				{"sum of deviations", SumDeviations(x, 0.3), lanesOf(x, func(v float32) float64 { return (float64(v) - 0.3) * (float64(v) - 0.3) })},
				{"sum of exponentials", SumExp(x, top), lanesOf(exps, func(v float32) float64 { return float64(v) })},
				{"exponentials", ExpSum(y, x, top), lanesOf(exps, func(v float32) float64 { return float64(v) })},
				{"largest", float64(Largest(x)), float64(largest)},
				{"smallest", float64(Smallest(x)), float64(smallest)},
			} {
				if !identical(c.got, c.want) {
					t.Fatalf("%s of %v: %v, want %v", c.name, x, c.got, c.want)
				}
			}
			for i, e := range exps {
				if !same(y[i], e) {
					t.Fatalf("exponential of %v: %v, want %v", x[i], y[i], e)
				}
			}
			Affine(y[:n], x, 0.3, 1.7, -0.2)
			for i, v := range x {
				if want := float32(float64((float64(v)-0.3)*1.7) - 0.2); !same(y[i], want) {
					t.Fatalf("affine of %v: %v, want %v", v, y[i], want)
				}
			}
			if y[n] != 0 {
				t.Fatal("wrote past the end")
			}
		}
	})
}

func TestSumColumns(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	atEveryLevel(t, func(t *testing.T) {
		for cols := range 90 {
			rows, step := r.IntN(6), cols+r.IntN(3)
			x := make([]float32, rows*step+cols)
			for i := range x {
				x[i] = float32(r.NormFloat64())
			}
			got, want := make([]float64, cols+1), make([]float64, cols+1)
			for j := range cols {
				got[j], want[j] = float64(j), float64(j)
				for i := range rows {
					want[j] += float64(x[i*step+j])
				}
			}
			SumColumns(got[:cols], x, rows, step)
			for j := range got {
				if math.Float64bits(got[j]) != math.Float64bits(want[j]) {
					t.Fatalf("column %d of [%d, %d]: %v, want %v", j, rows, cols, got[j], want[j])
				}
			}
		}
	})
}
