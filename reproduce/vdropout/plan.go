package vdropout

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// plan is what a budget holds: so many epochs, the same for all, at these widths, which take so many seconds each with one
// seed.
type plan struct {
	Epochs  int
	Widths  []int
	Seconds []float64
}

// pace is what a training costs: the seconds of an epoch, and those of the evaluation behind it.
type pace struct{ Epoch, Rest float64 }

// planned makes the plan once, of what each training is measured to cost, and keeps it: a run that goes on has the same.
func planned(ctx context.Context, l *reproduce.Lab, ways []method, sizes []int, d splits) (plan, error) {
	if l.Quick {
		return plan{quickEpochs, sizes, make([]float64, len(sizes))}, nil
	}
	return reproduce.Cell(ctx, l, fmt.Sprintf("plan/%v-seeds%d", l.Budget, l.Seeds), func(ctx context.Context, _ string) (plan, error) {
		costs := make([]pace, len(sizes)) // of all methods together
		for i, width := range sizes {
			for _, m := range ways {
				c, err := reproduce.Cell(ctx, l, fmt.Sprintf("pace/%s-%d", m.name, width), func(ctx context.Context, _ string) (pace, error) {
					return m.pace(ctx, l, width, d)
				})
				if err != nil {
					return plan{}, err
				}
				costs[i].Epoch += c.Epoch
				costs[i].Rest += c.Rest
			}
		}
		return fit(l.Remaining(), l.Seeds, sizes, costs), nil
	})
}

// fit fits the most widths that leave room for the least number of epochs, one at least, and as many epochs as there is room
// for, into a time.
func fit(in time.Duration, seeds int, sizes []int, costs []pace) plan {
	const share = 0.95 // the rest is for the report, and for what takes longer than it was measured to
	var p plan
	for n := len(sizes); n > 0; n-- {
		epoch, rest := 0.0, 0.0
		for _, c := range costs[:n] {
			epoch, rest = epoch+c.Epoch, rest+c.Rest
		}
		epochs := int((share*in.Seconds()/float64(seeds) - rest) / epoch)
		if p = (plan{Epochs: min(max(epochs, leastEpochs), mostEpochs), Widths: sizes[:n]}); epochs >= leastEpochs {
			break
		}
	}
	for _, c := range costs[:len(p.Widths)] {
		p.Seconds = append(p.Seconds, c.Rest+float64(p.Epochs)*c.Epoch)
	}
	return p
}

// fill trains what is planned, seed by seed and width by width, as cells. A training for which less than half of what it should
// take is left of the budget is left out, but for those of the first width with the first seed; with are the widths that there is something of.
func (p plan) fill(ctx context.Context, l *reproduce.Lab, ways []method,
	train func(ctx context.Context, m method, name string, width int, seed uint64, folder string) (result, error)) (with []int, results map[place][]result, err error) {
	results = map[place][]result{}
	for seed := 1; seed <= l.Seeds; seed++ {
		for i, width := range p.Widths {
			for _, m := range ways {
				name := fmt.Sprintf("%s-%d/epochs%d-seed%d", m.name, width, p.Epochs, seed)
				cost := p.Seconds[i] / float64(len(ways))
				if !l.Has(name) && l.Remaining().Seconds() < cost/2 && (i > 0 || seed > 1) {
					l.Note("The budget was spent before %s with %d units and seed %d.", m.name, width, seed)
					continue
				}
				r, err := reproduce.Cell(ctx, l, name, func(ctx context.Context, folder string) (result, error) {
					return train(ctx, m, name, width, uint64(seed), folder)
				})
				if err != nil {
					return nil, nil, err
				}
				l.Logf("%s: validation %.2f, test %.2f", name, r.Validation, r.Test)
				at := place{m.name, width}
				results[at] = append(results[at], r)
				if !slices.Contains(with, width) {
					with = append(with, width)
				}
			}
		}
	}
	return with, results, nil
}

// pace measures a training from its start, so that what is not fast yet counts, too, and a part of its evaluation.
func (m method) pace(ctx context.Context, l *reproduce.Lab, width int, d splits) (pace, error) {
	const steps, looked = 100, 2000
	c, model, err := m.model(width, 1, d.training.Len())
	if err != nil {
		return pace{}, err
	}
	start := time.Now()
	if _, err := train.Fit(ctx, model, d.training, train.Options{Engine: l.Engine, Threads: l.Threads, MaxSteps: steps, Batch: batch}); err != nil {
		return pace{}, err
	}
	trained := time.Since(start).Seconds()
	start = time.Now()
	part := data.Slice(d.validation, 0, min(looked, d.validation.Len()))
	if _, err := c.ErrorRate(ctx, l.Engine, l.Threads, part); err != nil {
		return pace{}, err
	}
	evaluated := time.Since(start).Seconds()
	return pace{
		Epoch: trained / steps * float64(data.StepsPerEpoch(d.training.Len(), batch, false)),
		Rest:  evaluated / float64(part.Len()) * float64(d.validation.Len()+d.test.Len()),
	}, nil
}
