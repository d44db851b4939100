// Package fused holds the update rules that are worth assembly: those every training step runs over every weight.
package fused

//go:generate go run -C gen . -out ../adam_amd64.s -stubs ../adam_amd64.go -pkg fused

// Coefficients are the numbers of one Adam step, with its bias corrections folded in.
type Coefficients[T float32 | float64] struct {
	Beta1, One1 T // One1 is 1-Beta1
	Beta2, One2 T
	Alpha       T // the learning rate over 1-Beta1^t
	Scale       T // 1 over the root of 1-Beta2^t
	Epsilon     T
	Keep        T // 1 less the decoupled weight decay of one step
}

// Adam computes, for slices of one length,
//
//	for i := range p {
//		m[i] = c.Beta1*m[i] + c.One1*g[i]
//		v[i] = c.Beta2*v[i] + c.One2*g[i]*g[i]
//		p[i] = c.Keep*p[i] - c.Alpha*m[i]/(c.Scale*sqrt(v[i])+c.Epsilon)
//	}
//
// Every operation is rounded on its own, in assembly and in Go alike, so that both give the same bits.
func Adam[T float32 | float64](p, g, m, v []T, c *Coefficients[T]) {
	n := adamFast(p, g, m, v, c)
	adamGo(p[n:], g[n:], m[n:], v[n:], c)
}
