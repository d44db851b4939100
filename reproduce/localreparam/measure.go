package localreparam

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"

	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// variances are those of the gradient by one weight of the top and of the bottom layer, the mean over the layer's weights,
// for minibatches of 1000 datapoints.
type variances struct{ Top, Bottom float64 }

// measure estimates the variance over minibatches of datapoints drawn independently, and over the noise, by estimator.
//
// Where datapoints have noise of their own, a minibatch's gradient is a mean of independent ones, and its variance that of a
// single datapoint's by their number M. One weight sample ties the datapoints of a minibatch together: by the law of total
// covariance its variance is that of separate weight samples, and (M-1)/M times the covariance of two datapoints' gradients.
func measure(ctx context.Context, l *reproduce.Lab, s scale, c *train.Classifier, m *train.VariationalModel, src data.Source, p *proposal) ([]variances, error) {
	var all []variances
	for i, e := range estimators {
		var v variances
		var err error
		if e.tied() {
			separate := all[i-1]
			v, err = together(ctx, l, s, e, c, m, src, p)
			v.Top = separate.Top + v.Top*(batch-1)/batch
			v.Bottom = separate.Bottom + v.Bottom*(batch-1)/batch
		} else {
			v, err = alone(ctx, l, s, e, c, m, src, p)
		}
		if err != nil {
			return nil, err
		}
		l.Logf("%s: %+v", e.name, v)
		all = append(all, v)
	}
	return all, nil
}

// alone estimates the variance of a single datapoint's gradient, and divides it by the number of a minibatch. Few datapoints,
// those that the network is wrong about, have nearly all of it, so that they are drawn by p and weighed by what that favours.
func alone(ctx context.Context, l *reproduce.Lab, s scale, e estimator, c *train.Classifier, m *train.VariationalModel, src data.Source, p *proposal) (variances, error) {
	d, err := newGradient(l, e, len(s.sizes)-1, src.Len(), 1, c, m)
	if err != nil {
		return variances{}, err
	}
	defer d.program.Close()
	random := rand.New(rand.NewPCG(7, 1)) // the same datapoints for all estimators
	var all [2]spread
	for range s.datapoints {
		row, weight := p.draw(random)
		if err := d.draw(ctx, src, []int{row}); err != nil {
			return variances{}, err
		}
		for k := range all {
			all[k].add(d.out[k], weight)
		}
	}
	return variances{all[0].variance() / batch, all[1].variance() / batch}, nil
}

// together estimates the covariance of two datapoints' gradients under one weight sample: of pairs of minibatches, each drawn by
// p and weighed, that have their noise in common and nothing else.
func together(ctx context.Context, l *reproduce.Lab, s scale, e estimator, c *train.Classifier, m *train.VariationalModel, src data.Source, p *proposal) (variances, error) {
	d, err := newGradient(l, e, len(s.sizes)-1, src.Len(), batch, c, m)
	if err != nil {
		return variances{}, err
	}
	defer d.program.Close()
	random := rand.New(rand.NewPCG(7, 2))
	var all [2]cospread
	rows, weights := make([]int, batch), make([]float64, batch)
	for range s.pairs {
		d.renew()
		for side := range 2 {
			for k := range rows {
				rows[k], weights[k] = p.draw(random)
			}
			if err := d.read(ctx, src, rows); err != nil {
				return variances{}, err
			}
			for k, w := range weights {
				d.weigh(k, c.Classes(), w)
			}
			if err := d.run(ctx); err != nil {
				return variances{}, err
			}
			for k := range all {
				all[k].add(side, d.out[k])
			}
		}
	}
	return variances{all[0].covariance(), all[1].covariance()}, nil
}

// seconds is what a gradient takes for each datapoint, by the median minibatch of so many rows.
func seconds(ctx context.Context, l *reproduce.Lab, s scale, e estimator, rows int, c *train.Classifier, m *train.VariationalModel, src data.Source) (float64, error) {
	d, err := newGradient(l, e, len(s.sizes)-1, src.Len(), rows, c, m)
	if err != nil {
		return 0, err
	}
	defer d.program.Close()
	var took []float64
	for i := range s.timed + 1 {
		index := make([]int, rows)
		for k := range index {
			index[k] = (i*rows + k) % src.Len()
		}
		start := time.Now()
		if err := d.draw(ctx, src, index); err != nil {
			return 0, err
		}
		if i > 0 { // the first one plans
			took = append(took, time.Since(start).Seconds())
		}
	}
	slices.Sort(took)
	return stat.Quantile(0.5, stat.Empirical, took, nil) / float64(rows), nil
}
