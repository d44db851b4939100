package fused

// Squares is the sum of the squares of g, in float64 and in a fixed order: sixteen sums, of elements sixteen apart, and
// then their sum. In assembly and in Go it has the same bits.
func Squares[T float32 | float64](g []T) float64 {
	var sums [16]float64
	for g = g[squaresFast(g, &sums):]; len(g) >= 16; g = g[16:] {
		for i, v := range g[:16] {
			sums[i] += float64(float64(v) * float64(v))
		}
	}
	for i, v := range g {
		sums[i] += float64(float64(v) * float64(v))
	}
	total := 0.0
	for _, s := range sums {
		total += s
	}
	return total
}
