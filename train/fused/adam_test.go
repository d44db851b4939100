package fused

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The assembly and the Go loop give the same bits on any numbers, at any length.
func TestAdamIsItsGoLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 70).Draw(t, "n")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		scale := rapid.SampledFrom([]float64{1e-30, 1e-8, 1, 1e6, 1e25}).Draw(t, "scale")
		some := func() []float32 {
			x := make([]float32, n)
			for i := range x {
				x[i] = float32(rng.NormFloat64() * scale)
			}
			return x
		}
		p, g, m, v := some(), some(), some(), some()
		for i := range v {
			v[i] = float32(math.Abs(float64(v[i])))
			if rng.IntN(5) == 0 {
				g[i], m[i], v[i] = 0, 0, 0
			}
		}
		c := &Coefficients[float32]{Beta1: 0.9, One1: 0.1, Beta2: 0.999, One2: 0.001, Alpha: 0.01, Scale: 3.7, Epsilon: 1e-8, Keep: 0.999}
		p2, m2, v2 := slices.Clone(p), slices.Clone(m), slices.Clone(v)
		Adam(p, g, m, v, c)
		adamGo(p2, g, m2, v2, c)
		for i := range p {
			if math.Float32bits(p[i]) != math.Float32bits(p2[i]) || m[i] != m2[i] || v[i] != v2[i] {
				t.Fatalf("element %d of %d: p %v, m %v, v %v; the Go loop gives %v, %v, %v", i, n, p[i], m[i], v[i], p2[i], m2[i], v2[i])
			}
		}
	})
}

func BenchmarkAdam(b *testing.B) {
	for name, run := range map[string]func(p, g, m, v []float32, c *Coefficients[float32]){"Adam": Adam[float32], "Go": adamGo[float32]} {
		b.Run(name, func(b *testing.B) {
			p, g, m, v := make([]float32, 4096), make([]float32, 4096), make([]float32, 4096), make([]float32, 4096)
			for i := range g {
				g[i] = float32(i%7) - 3
			}
			c := &Coefficients[float32]{Beta1: 0.9, One1: 0.1, Beta2: 0.999, One2: 0.001, Alpha: 0.01, Scale: 1, Epsilon: 1e-8, Keep: 1}
			b.SetBytes(4 * 4096)
			for b.Loop() {
				run(p, g, m, v, c)
			}
		})
	}
}
