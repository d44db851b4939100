package fused

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The sum is that of a plain loop, to rounding, and the bits those of sixteen sums in Go, at any length.
func TestSquares(t *testing.T) {
	if got := Squares([]float32{3, -4, 12}); got != 169 {
		t.Errorf("3, -4 and 12 give %v, want 169", got)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 100 {
		g, wide := make([]float32, n), make([]float64, n)
		plain := 0.0
		for i := range g {
			g[i] = float32(rng.NormFloat64() * math.Pow(10, float64(rng.IntN(40)-20)))
			wide[i] = float64(g[i])
			plain += wide[i] * wide[i]
		}
		got := Squares(g)
		if math.Abs(got-plain) > 1e-14*plain {
			t.Errorf("%d numbers: %v, want %v", n, got, plain)
		}
		if w := Squares(wide); got != w { // float64 has no assembly
			t.Errorf("%d numbers: %v from float32, %v from float64", n, got, w)
		}
		for _, bad := range []float64{math.NaN(), math.Inf(-1)} {
			if n > 0 {
				g[n/2] = float32(bad)
				if s := Squares(g); !math.IsNaN(s) && !math.IsInf(s, 1) {
					t.Errorf("%v among %d numbers gives %v", bad, n, s)
				}
			}
		}
	}
}
