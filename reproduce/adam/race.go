package adam

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// point is a place on a curve: the mean loss over the stretch of training that ends at Epoch.
type point struct {
	Epoch float64 `json:"epoch"`
	Loss  float64 `json:"loss"`
}

// run is a training that was watched.
type run struct {
	Points []point `json:"points"`
	// Diverged: a loss, gradient or weight was no longer finite, after the last point.
	Diverged bool `json:"diverged,omitempty"`
	// Error is the share of the test set that is classified wrongly at the end.
	Error   float64 `json:"error,omitempty"`
	Seconds float64 `json:"seconds"`
}

// last is the loss at the end, infinite where there is none.
func (r run) last() float64 {
	if r.Diverged || len(r.Points) == 0 {
		return math.Inf(1)
	}
	return r.Points[len(r.Points)-1].Loss
}

// watched trains for so many epochs, a fraction perhaps, and looks at the loss four times in each, and in all.
func watched(ctx context.Context, m train.Model, src data.Source, epochs float64, watch func(train.Progress), o train.Options) (run, error) {
	var r run
	perEpoch := data.StepsPerEpoch(src.Len(), o.Batch, false)
	stretches := max(4, int(math.Round(4*epochs)))
	o.LogEvery = max(int(math.Round(epochs*float64(perEpoch)/float64(stretches))), 1)
	o.MaxSteps = stretches * o.LogEvery // so that the last stretch is as long as the others
	o.Progress = func(p train.Progress) {
		watch(p)
		r.Points = append(r.Points, point{float64(p.Step) / float64(perEpoch), p.Loss})
	}
	report, err := train.Fit(ctx, m, src, o)
	if report != nil {
		r.Seconds = report.Elapsed.Seconds()
	}
	if errors.Is(err, train.ErrNotFinite) {
		r.Diverged, err = true, nil
	}
	return r, err
}

// train trains the workload by one optimiser.
func (w workload) train(ctx context.Context, l *reproduce.Lab, name string, e rival, rate, epochs float64, seed uint64, threads int) (run, error) {
	src, test, err := w.open(l)
	if err != nil {
		return run{}, err
	}
	g, err := w.net(seed)
	if err != nil {
		return run{}, err
	}
	c, err := train.NewClassifier(g)
	if err != nil {
		return run{}, err
	}
	var m train.Model = c
	if w.dropout != nil {
		if m, err = train.WithDropout(c, *w.dropout); err != nil {
			return run{}, err
		}
	}
	o := train.Options{Engine: l.Engine, Threads: threads, Optimizer: e.rule(rate), Batch: batch, Seed: seed}
	if w.decay && !e.own {
		o.Schedule = train.InverseSqrt{}
	}
	r, err := watched(ctx, m, src, epochs, l.Watch(name), o)
	if err != nil || r.Diverged {
		return r, err
	}
	r.Error, err = c.ErrorRate(ctx, l.Engine, threads, test)
	return r, err
}

// cell is train as a cell.
func (w workload) cell(ctx context.Context, l *reproduce.Lab, e rival, rate, epochs float64, seed uint64, threads int) (run, error) {
	name := fmt.Sprintf("%s/%s-%v-%.3g/seed%d", w.name, e.rule(rate).Name(), rate, epochs, seed)
	if e.name == nesterov.name {
		name = fmt.Sprintf("%s/nesterov-%v-%.3g/seed%d", w.name, rate, epochs, seed)
	}
	return reproduce.Cell(ctx, l, name, func(ctx context.Context, _ string) (run, error) {
		return w.train(ctx, l, name, e, rate, epochs, seed, threads)
	})
}

// racer is an optimiser in a race: the rate that suits it, and a run for each seed.
type racer struct {
	entry
	of *workload
	// rate and length, in epochs, are those of the runs.
	rate, length float64
	runs         []run
}

// race finds the rate with the least loss after a short run, and runs with it.
func (x *racer) race(ctx context.Context, l *reproduce.Lab, threads int) error {
	w := x.of
	x.rate, x.length = x.rates[0], w.quick
	if !l.Quick {
		x.length = length(l, w.epochs, paperEpochs)
		best := math.Inf(1)
		for _, rate := range x.rates {
			r, err := w.cell(ctx, l, x.rival, rate, min(x.length/3, 2), 1, threads)
			if err != nil {
				return err
			}
			if r.last() < best {
				best, x.rate = r.last(), rate
			}
		}
	}
	for seed := range l.Seeds {
		r, err := w.cell(ctx, l, x.rival, x.rate, x.length, uint64(seed+1), threads)
		if err != nil {
			return err
		}
		x.runs = append(x.runs, r)
	}
	return nil
}

// races runs every workload.
func races(ctx context.Context, l *reproduce.Lab) error {
	var all []*racer
	for i := range workloads {
		for _, e := range workloads[i].entries {
			all = append(all, &racer{entry: e, of: &workloads[i]})
		}
	}
	err := l.Each(ctx, len(all), func(ctx context.Context, i, threads int) error { return all[i].race(ctx, l, threads) })
	if err != nil {
		return err
	}
	return reportRaces(l, all)
}
