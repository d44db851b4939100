package fused

import "math"

// adamGo is Adam. The conversions keep the compiler from fusing a product with the sum it goes into.
func adamGo[T float32 | float64](p, g, m, v []T, c *Coefficients[T]) {
	g, m, v = g[:len(p)], m[:len(p)], v[:len(p)]
	for i := range p {
		m[i] = T(c.Beta1*m[i]) + T(c.One1*g[i])
		v[i] = T(c.Beta2*v[i]) + T(T(c.One2*g[i])*g[i])
		root := T(math.Sqrt(float64(v[i])))
		p[i] = T(c.Keep*p[i]) - T(c.Alpha*m[i])/(T(c.Scale*root)+c.Epsilon)
	}
}
