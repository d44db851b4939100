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

// measure estimates the variance over minibatches of datapoints drawn independently, and over the noise.
//
// Where datapoints have noise of their own, a minibatch's gradient is a mean of independent ones, and its variance that of a
// single datapoint's by their number. Few datapoints, those that the network is wrong about, have nearly all of it, so that
// datapoints are drawn by p and weighed by what that favours. One weight sample ties the datapoints of a minibatch together:
// there whole minibatches are drawn.
func measure(ctx context.Context, l *reproduce.Lab, s scale, e estimator, c *train.Classifier, m *train.VariationalModel, src data.Source, p *proposal) (variances, error) {
	rows, draws := 1, s.datapoints
	if e.tied() {
		rows, draws = batch, s.minibatches
	}
	d, err := newGradient(l, e, len(s.sizes)-1, src.Len(), rows, c, m)
	if err != nil {
		return variances{}, err
	}
	defer d.program.Close()
	random := rand.New(rand.NewPCG(7, 1)) // the same datapoints for all estimators
	var all [2]spread
	index := make([]int, rows)
	for range draws {
		weight := 1.0
		if e.tied() {
			for k := range index {
				index[k] = random.IntN(src.Len())
			}
		} else {
			index[0], weight = p.draw(random)
		}
		if err := d.draw(ctx, src, index); err != nil {
			return variances{}, err
		}
		for k := range all {
			all[k].add(d.out[k], weight)
		}
	}
	factor := float64(rows) / batch
	return variances{factor * all[0].variance(), factor * all[1].variance()}, nil
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
