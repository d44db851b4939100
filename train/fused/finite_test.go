package fused

import (
	"math"
	"testing"
)

// One element that is not finite is found at any place of a slice of any length, and numbers of any size are finite.
func TestFinite(t *testing.T) {
	for n := range 100 {
		p, d := make([]float32, n), make([]float64, n)
		for i := range p {
			p[i], d[i] = math.MaxFloat32, -math.MaxFloat64
			if i%3 == 0 {
				p[i], d[i] = -math.SmallestNonzeroFloat32, 0
			}
		}
		if !Finite(p) || !Finite(d) {
			t.Fatalf("%d finite numbers are not", n)
		}
		for i := range p {
			was := p[i]
			for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
				p[i], d[i] = float32(bad), bad
				if Finite(p) || Finite(d) {
					t.Fatalf("%v at %d of %d was not found", bad, i, n)
				}
			}
			p[i], d[i] = was, 1
		}
	}
}
