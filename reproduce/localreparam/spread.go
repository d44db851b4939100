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

// cospread follows the moments of each element of two gradients that come in pairs.
type cospread struct {
	n float64
	// first is the first gradient of a pair whose second is to come.
	first []float64
	// sums are those of the first and of the second, product that of their products.
	sums    [2][]float64
	product []float64
}

// add takes in the first (side 0) or the second (1) gradient of a pair, in turns.
func (s *cospread) add(side int, t *tensor.Tensor) {
	if s.first == nil {
		s.first, s.product = make([]float64, t.Len()), make([]float64, t.Len())
		s.sums = [2][]float64{make([]float64, t.Len()), make([]float64, t.Len())}
	}
	s.n += float64(side)
	for i, x := range tensor.Data[float32](t) {
		x := float64(x)
		s.sums[side][i] += x
		if side == 0 {
			s.first[i] = x
		} else {
			s.product[i] += s.first[i] * x
		}
	}
}

// covariance is the mean of the elements' covariances: E[x y] less an estimate of E[x] E[y] from different pairs, each unbiased.
func (s *cospread) covariance() float64 {
	total := 0.0
	for i := range s.product {
		total += s.product[i]/s.n - (s.sums[0][i]*s.sums[1][i]-s.product[i])/(s.n*(s.n-1))
	}
	return total / float64(len(s.product))
}
