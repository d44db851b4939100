package fused

// Finite reports whether no element is NaN or infinite:
//
//	for _, v := range p {
//		sum += v * 0
//	}
//	return sum == 0
//
// v*0 is 0 where v is finite and NaN elsewhere, and NaN stays NaN in a sum.
func Finite[T float32 | float64](p []T) bool {
	n, ok := finiteFast(p)
	return ok && finiteGo(p[n:])
}

// finiteGo is Finite in four strands, so that no addition waits for the last.
func finiteGo[T float32 | float64](p []T) bool {
	var a, b, c, d T
	for ; len(p) >= 4; p = p[4:] {
		a += p[0] * 0
		b += p[1] * 0
		c += p[2] * 0
		d += p[3] * 0
	}
	for _, v := range p {
		a += v * 0
	}
	return a+b+c+d == 0
}
