package models

import (
	"context"
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// ScoreOptions say how Score estimates the bound.
type ScoreOptions struct {
	// K is the number of samples of z per row; 0 means 1.
	K int
	// Seed and FirstRow pick the noise: row i uses the numbers of (Seed, FirstRow+i).
	Seed, FirstRow uint64
}

// Score holds one number per row, in nats. ELBO = Reconstruction - KL, where Reconstruction is the mean of log p(x|z)
// over K draws from q(z|x) and KL is in closed form (the estimator SGVB-B of Kingma and Welling, 2013), or, where there is
// none, as with a flow, the mean of log q(z|x) - log p(z) over the draws (SGVB-A).
type Score struct {
	ELBO, Reconstruction, KL []float64
	// IWAE is the importance-weighted bound with K samples (Burda et al., 2015, eq. 8). With K = 1 it is the ELBO with
	// every term by Monte Carlo (the estimator SGVB-A).
	IWAE []float64
	// UnitKL is the KL of each latent unit, summed over the rows, or nil where it has no closed form.
	UnitKL []float64
	// LayerKL is the KL of each stochastic layer, row by row: that of layer j of row i stands at i*layers+j.
	LayerKL []float64
}

// Score estimates the evidence lower bound of each row of x: [n, row...], numbers in [0,1]. Samples are streamed: memory
// does not grow with K.
func (v *VAE) Score(ctx context.Context, x *tensor.Tensor, o ScoreOptions) (*Score, error) {
	if o.K == 0 {
		o.K = 1
	}
	if o.K < 1 {
		return nil, fmt.Errorf("models: score: k is %d; it must be at least 1: %w", o.K, ErrInput)
	}
	x, err := v.images(x)
	if err != nil {
		return nil, err
	}
	n := x.Shape()[0]
	s := &Score{ELBO: make([]float64, n), Reconstruction: make([]float64, n), KL: make([]float64, n),
		IWAE: make([]float64, n), LayerKL: make([]float64, n*v.shape.layers)}
	if v.shape.unitKL {
		s.UnitKL = make([]float64, v.manifest.Latent)
	}
	err = v.eachBatch(ctx, n, func(lo, hi int) error { return v.scoreBatch(ctx, s, x.Rows(lo, hi), lo, o) })
	if err != nil {
		return nil, fmt.Errorf("models: score: %w", err)
	}
	return s, nil
}

// scoreBatch scores the rows that stand from row lo on in s.
func (v *VAE) scoreBatch(ctx context.Context, s *Score, x *tensor.Tensor, lo int, o ScoreOptions) error {
	n := x.Shape()[0]
	q, err := v.describe(ctx, x)
	if err != nil {
		return err
	}
	logProb := tensor.New(tensor.Float32, n)
	iwae := make([]logMeanExp, n)
	for k := range o.K {
		if err := ctx.Err(); err != nil {
			return err
		}
		draw(q.eps, runtime.Noise{Seed: o.Seed, Stream: streamPosterior + uint64(k)}, o.FirstRow+uint64(lo), 1)
		if err := v.infer(ctx, q); err != nil {
			return err
		}
		if err := v.run(ctx, likelihood, []*tensor.Tensor{x, q.z}, []*tensor.Tensor{logProb}); err != nil {
			return err
		}
		s.addKL(q, lo, 1/float64(o.K))
		ratio := tensor.Data[float32](q.logRatio)
		for i, p := range tensor.Data[float32](logProb) {
			s.Reconstruction[lo+i] += float64(p) / float64(o.K)
			iwae[i].add(float64(p) + float64(ratio[i]))
		}
	}
	for i := range n {
		s.ELBO[lo+i] = s.Reconstruction[lo+i] - s.KL[lo+i]
		s.IWAE[lo+i] = iwae[i].value()
	}
	return nil
}

// addKL adds a draw's KL to those of the rows from lo on, of their layers and of the units, weighted.
func (s *Score) addKL(q *draws, lo int, weight float64) {
	layers := q.kl.Shape()[1]
	for at, kl := range tensor.Data[float32](q.kl) {
		s.KL[lo+at/layers] += weight * float64(kl)
		s.LayerKL[lo*layers+at] += weight * float64(kl)
	}
	if q.unitKL == nil {
		return
	}
	units := len(s.UnitKL)
	for at, kl := range tensor.Data[float32](q.unitKL) {
		s.UnitKL[at%units] += weight * float64(kl)
	}
}

// LogLikelihood estimates log p(x) of each row by the importance-weighted bound with k samples.
func (v *VAE) LogLikelihood(ctx context.Context, x *tensor.Tensor, k int, opts ...SampleOption) ([]float64, error) {
	o := gatherSampling(opts)
	s, err := v.Score(ctx, x, ScoreOptions{K: k, Seed: o.seed, FirstRow: o.firstRow})
	if err != nil {
		return nil, err
	}
	return s.IWAE, nil
}

// logMeanExp is log(1/n sum exp(w)) of numbers that come one at a time: the largest so far and the sum relative to it.
type logMeanExp struct {
	largest, sum float64
	n            int
}

func (l *logMeanExp) add(w float64) {
	l.n++
	switch {
	case math.IsInf(w, -1): // exp(w) is 0
	case l.sum == 0:
		l.largest, l.sum = w, 1
	case w > l.largest:
		l.largest, l.sum = w, l.sum*math.Exp(l.largest-w)+1
	default:
		l.sum += math.Exp(w - l.largest)
	}
}

func (l *logMeanExp) value() float64 { return l.largest + math.Log(l.sum/float64(l.n)) }
