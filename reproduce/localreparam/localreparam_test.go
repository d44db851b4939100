package localreparam

import (
	"context"
	"testing"

	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/reproduce/labtest"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train/data"
)

// The gradients of all estimators have one mean, and their variances are in the paper's order, before any training too.
func TestEstimatorsAreOrdered(t *testing.T) {
	s := scale{sizes: []int{784, 30, 30, 10}, draws: 30, separate: 300}
	var all []variances
	e := reproduce.Experiment{Name: "estimators", Run: func(ctx context.Context, l *reproduce.Lab) error {
		src, err := l.Labelled("mnist", data.Train, 10)
		if err != nil {
			return err
		}
		c, m, err := model(s, src.Len())
		if err != nil {
			return err
		}
		if _, err := m.Objective(); err != nil {
			return err
		}
		for _, e := range estimators {
			v, err := measure(ctx, l, s, e, c, m, src)
			if err != nil {
				return err
			}
			all = append(all, v)
		}
		return nil
	}}
	if _, err := reproduce.Run(t.Context(), e, reproduce.Options{Out: t.TempDir(), Data: labtest.MNIST(t)}); err != nil {
		t.Fatal(err)
	}
	local, separate, shared, none := all[0], all[1], all[2], all[3]
	for _, v := range [][4]float64{{none.Top, local.Top, separate.Top, shared.Top}, {none.Bottom, local.Bottom, separate.Bottom, shared.Bottom}} {
		if !(0 < v[0] && v[0] < v[1] && v[1] < v[2] && v[2] < v[3]) {
			t.Errorf("no noise, local, separate, shared: %.3g", v)
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
		s.add(v)
	}
	if got := s.variance(); got != (4.0+3)/2 {
		t.Errorf("variance %v, want 3.5", got)
	}
}
