package fused

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// The assembly and the Go loops give the same bits at any length.
func TestAverageAndScaleAreTheirGoLoops(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 70 {
		p, mean := make([]float32, n), make([]float32, n)
		for i := range p {
			p[i], mean[i] = float32(r.NormFloat64()), float32(r.NormFloat64())
		}
		want := slices.Clone(mean)
		Average(mean, p, 0.999, 0.001)
		averageGo(want, p, 0.999, 0.001)
		if !slices.Equal(mean, want) {
			t.Fatalf("averages of %d: %v, want %v", n, mean, want)
		}
		want = slices.Clone(p)
		Scale(p, 0.3)
		scaleGo(want, 0.3)
		if !slices.Equal(p, want) {
			t.Fatalf("%d scaled: %v, want %v", n, p, want)
		}
	}
}
