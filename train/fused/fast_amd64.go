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
