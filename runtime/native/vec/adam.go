package vec

import "math"

// AdamStep holds the numbers of one update of Adam (Kingma and Ba, arXiv 1412.6980, algorithm 1), the bias corrections
// folded in.
type AdamStep struct {
	Keep        float32 // 1, less the decoupled weight decay of the step
	Rate        float32 // alpha / (1 - beta1^t)
	Beta1, One1 float32 // beta1 and 1 - beta1
	Beta2, One2 float32 // beta2 and 1 - beta2
	Scale       float32 // 1 / sqrt(1 - beta2^t)
	Epsilon     float32
}

// Adam updates the weights p and the moments m and v, which are as long as p, with the gradient g:
//
//	m[i] = Beta1*m[i] + One1*g[i]
//	v[i] = Beta2*v[i] + One2*g[i]*g[i]
//	p[i] = Keep*p[i] - Rate*m[i]/(sqrt(v[i])*Scale+Epsilon)
func Adam(s AdamStep, p, m, v, g []float32) {
	m, v, g = m[:len(p)], v[:len(p)], g[:len(p)]
	for i := s.whole(p, m, v, g); i < len(p); i++ {
		m[i] = s.Beta1*m[i] + s.One1*g[i]
		v[i] = s.Beta2*v[i] + s.One2*g[i]*g[i]
		p[i] = s.Keep*p[i] - s.Rate*m[i]/(float32(math.Sqrt(float64(v[i])))*s.Scale+s.Epsilon)
	}
}
