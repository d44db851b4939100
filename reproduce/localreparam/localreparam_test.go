package localreparam

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/reproduce/labtest"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// small is a network for which all is measured in a moment.
var small = scale{sizes: []int{784, 30, 30, 10}, datapoints: 1000, pairs: 50}

// untrained runs what measures the gradients of the small network.
func untrained(t *testing.T, measure func(ctx context.Context, l *reproduce.Lab, c *train.Classifier, m *train.VariationalModel, src data.Source, p *proposal) error) {
	t.Helper()
	e := reproduce.Experiment{Name: "estimators", Run: func(ctx context.Context, l *reproduce.Lab) error {
		src, err := l.Labelled("mnist", data.Train, 10)
		if err != nil {
			return err
		}
		c, m, err := model(small, src.Len())
		if err != nil {
			return err
		}
		if _, err := m.Objective(); err != nil {
			return err
		}
		p, err := newProposal(ctx, l, c, m, src)
		if err != nil {
			return err
		}
		return measure(ctx, l, c, m, src, p)
	}}
	if _, err := reproduce.Run(t.Context(), e, reproduce.Options{Out: t.TempDir(), Data: labtest.MNIST(t)}); err != nil {
		t.Fatal(err)
	}
}

// The gradients of all estimators have one mean, and their variances are in the paper's order, before any training too.
func TestEstimatorsAreOrdered(t *testing.T) {
	var all []variances
	untrained(t, func(ctx context.Context, l *reproduce.Lab, c *train.Classifier, m *train.VariationalModel, src data.Source, p *proposal) (err error) {
		all, err = measure(ctx, l, small, c, m, src, p)
		return err
	})
	local, separate, shared, none := all[0], all[1], all[2], all[3]
	for _, v := range [][4]float64{{none.Top, local.Top, separate.Top, shared.Top}, {none.Bottom, local.Bottom, separate.Bottom, shared.Bottom}} {
		if !(0 < v[0] && v[0] < v[1] && v[1] < v[2] && v[2] < v[3]) {
			t.Errorf("no noise, local, separate, shared: %.3g", v)
		}
	}
}

// What is added up of single datapoints and of pairs of minibatches, drawn by the proposal, is the variance that minibatches of
// datapoints drawn evenly have.
func TestOneWeightSampleVariesAsMinibatchesShow(t *testing.T) {
	var got variances
	var direct [2]spread
	untrained(t, func(ctx context.Context, l *reproduce.Lab, c *train.Classifier, m *train.VariationalModel, src data.Source, p *proposal) error {
		all, err := measure(ctx, l, small, c, m, src, p)
		if err != nil {
			return err
		}
		got = all[2]
		d, err := newGradient(l, estimators[2], len(small.sizes)-1, src.Len(), batch, c, m)
		if err != nil {
			return err
		}
		defer d.program.Close()
		random, rows := rand.New(rand.NewPCG(1, 2)), make([]int, batch)
		for range 200 {
			for k := range rows {
				rows[k] = random.IntN(src.Len())
			}
			if err := d.draw(ctx, src, rows); err != nil {
				return err
			}
			for k := range direct {
				direct[k].add(d.out[k], 1)
			}
		}
		return nil
	})
	for k, v := range []float64{got.Top, got.Bottom} {
		if want := direct[k].variance(); math.Abs(v-want) > 0.15*want {
			t.Errorf("%s layer: %.4g, minibatches have %.4g", []string{"top", "bottom"}[k], v, want)
		}
	}
}

func TestSpreadIsTheMeanVariance(t *testing.T) {
	var s spread
	for _, x := range [][]float32{{1, 2}, {3, 2}, {5, 5}} {
		v, err := tensor.Wrap(x, 2)
		if err != nil {
			t.Fatal(err)
		}
		s.add(v, 1)
	}
	if got := s.variance(); math.Abs(got-(4.0+3)/2) > 1e-12 {
		t.Errorf("variance %v, want 3.5", got)
	}
}

func TestCospreadIsTheMeanCovariance(t *testing.T) {
	var s cospread
	for _, pair := range [][2][]float32{{{1, 2}, {3, 2}}, {{5, 2}, {4, 1}}, {{3, 5}, {8, 3}}} {
		for side, x := range pair {
			v, err := tensor.Wrap(x, 2)
			if err != nil {
				t.Fatal(err)
			}
			s.add(side, v)
		}
	}
	if got := s.covariance(); math.Abs(got-(1.0+1.5)/2) > 1e-12 {
		t.Errorf("covariance %v, want 1.25", got)
	}
}

// Draws that a proposal favours, weighed, have the mean and the variance of even draws.
func TestProposalLeavesTheVarianceAsItIs(t *testing.T) {
	unsure := []float64{0, 0.01, 0.02, 0.9, 0.5, 0, 0, 0.001}
	values := []float32{0.1, 0.2, -0.3, 8, -5, 0, 0.1, 0.2}
	sum, mean, variance := 0.0, 0.0, 0.0
	for i, u := range unsure {
		sum += u
		mean += float64(values[i]) / float64(len(values))
	}
	for _, v := range values {
		variance += (float64(v) - mean) * (float64(v) - mean) / float64(len(values))
	}
	p := newProposalOf(unsure, sum)
	random := rand.New(rand.NewPCG(1, 1))
	var s spread
	weights := 0.0
	const draws = 100000
	for range draws {
		row, weight := p.draw(random)
		x, err := tensor.Wrap([]float32{values[row]}, 1)
		if err != nil {
			t.Fatal(err)
		}
		s.add(x, weight)
		weights += weight
	}
	if got := weights / draws; math.Abs(got-1) > 0.02 {
		t.Errorf("the mean weight is %v", got)
	}
	if got := s.variance(); math.Abs(got-variance) > 0.02*variance {
		t.Errorf("variance %v, want %v", got, variance)
	}
}
