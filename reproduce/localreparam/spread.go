package localreparam

import "github.com/elbo-ml/elbo/tensor"

// spread follows the moments of each element of a gradient, over draws that are weighed.
type spread struct {
	n float64
	// sum is that of w x, square that of (w x)², second that of w x².
	sum, square, second []float64
}

// add takes in a draw that stands for weight draws of the distribution that is asked about.
func (s *spread) add(t *tensor.Tensor, weight float64) {
	if s.sum == nil {
		s.sum, s.square, s.second = make([]float64, t.Len()), make([]float64, t.Len()), make([]float64, t.Len())
	}
	s.n++
	for i, x := range tensor.Data[float32](t) {
		x := float64(x)
		wx := weight * x
		s.sum[i] += wx
		s.square[i] += wx * wx
		s.second[i] += wx * x
	}
}

// variance is the mean of the elements' variances: E[w x²] less an estimate of (E[w x])² from pairs of different draws, each
// unbiased.
func (s *spread) variance() float64 {
	total := 0.0
	for i := range s.sum {
		total += s.second[i]/s.n - (s.sum[i]*s.sum[i]-s.square[i])/(s.n*(s.n-1))
	}
	return total / float64(len(s.sum))
}
