package ssl

import (
	"context"
	"time"

	semi "github.com/elbo-ml/elbo/models/ssl"
	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/train"
)

// places is about how often a training is evaluated.
const places = 10

// fitting is a training in progress.
type fitting struct {
	training
	m       *semi.M2
	d       parts
	folder  string
	threads int
	watch   func(train.Progress)
	every   int // epochs between evaluations
	curve   *reproduce.Trace[reproduce.Point]
	aside   time.Duration // what evaluations took
	failed  error
}

// progress draws the curve further: the validation error of the weights as they are.
func (f *fitting) progress(ctx context.Context, p train.Progress) {
	f.watch(p)
	if p.Epoch%f.every != 0 || f.failed != nil || f.curve.Has(p.Step) {
		return
	}
	start := time.Now()
	defer func() { f.aside += time.Since(start) }()
	f.m.Updated()
	e, err := f.m.Evaluate(ctx, f.d.validation.rows, f.d.validation.labels, 0, 0)
	if err == nil {
		err = f.curve.Add(p.Step, reproduce.Point{X: float64(p.Epoch), Y: e.Error})
	}
	f.failed = err
}

// evaluate is the result of the trained model.
func (f *fitting) evaluate(ctx context.Context, draws int) (result, error) {
	r := result{Curve: f.curve.Values()}
	for _, on := range []struct {
		part
		draws int
		to    *float64
	}{{f.d.validation, 0, &r.Validation}, {f.d.test, 0, &r.Test}, {f.d.test, draws, &r.Sampled}} {
		if on.to == &r.Sampled && draws == 0 {
			continue
		}
		e, err := f.m.Evaluate(ctx, on.rows, on.labels, on.draws, 1)
		if err != nil {
			return r, err
		}
		*on.to = e.Error
	}
	return r, nil
}
