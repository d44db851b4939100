//go:build amd64 && !noasm

package fused

import "golang.org/x/sys/cpu"

// adamFast is Adam on the first elements, as many as it says.
func adamFast[T float32 | float64](p, g, m, v []T, c *Coefficients[T]) int {
	n := len(p) &^ 7
	k, ok := any(c).(*Coefficients[float32])
	if !ok || !cpu.X86.HasAVX2 || n == 0 {
		return 0
	}
	first := func(s []T) *float32 { return any(&s[:n][0]).(*float32) }
	adamAVX2(n, first(p), first(g), first(m), first(v), &k.Beta1, &k.One1, &k.Beta2, &k.One2, &k.Alpha, &k.Scale, &k.Epsilon, &k.Keep)
	return n
}

// finiteFast is Finite of the first elements, as many as it says.
func finiteFast[T float32 | float64](p []T) (n int, ok bool) {
	n = len(p) &^ 31
	if !cpu.X86.HasAVX2 || n == 0 {
		return 0, true
	}
	first, single := any(&p[0]).(*float32)
	if !single {
		return 0, true
	}
	var sum [8]float32
	zerosAVX2(n, first, &sum)
	return n, finiteGo(sum[:])
}

// squaresFast sums the squares of the first elements, as many as it says, to sums that were 0.
func squaresFast[T float32 | float64](g []T, sums *[16]float64) int {
	n := len(g) &^ 15
	if !cpu.X86.HasAVX2 || n == 0 {
		return 0
	}
	first, single := any(&g[0]).(*float32)
	if !single {
		return 0
	}
	squaresAVX2(n, first, sums)
	return n
}

// averageFast is Average of the first elements, as many as it says.
func averageFast[T float32 | float64](mean, p []T, decay, one T) int {
	n := len(mean) &^ 7
	if !cpu.X86.HasAVX2 || n == 0 {
		return 0
	}
	first, single := any(&mean[0]).(*float32)
	if !single {
		return 0
	}
	averageAVX2(n, first, any(&p[:n][0]).(*float32), float32(decay), float32(one))
	return n
}

// scaleFast is Scale of the first elements, as many as it says.
func scaleFast[T float32 | float64](g []T, scale T) int {
	n := len(g) &^ 7
	if !cpu.X86.HasAVX2 || n == 0 {
		return 0
	}
	first, single := any(&g[0]).(*float32)
	if !single {
		return 0
	}
	scaleAVX2(n, first, float32(scale))
	return n
}
