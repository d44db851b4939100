package aevb

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/train"
)

// point is a place on a curve of figure 2.
type point struct {
	Samples int `json:"samples"` // training samples seen
	// Train is the mean bound over the last 10,000 of them, Test that on the test set, in nats per image.
	Train float64 `json:"train"`
	Test  float64 `json:"test"`
	// Seconds of training, without the tests on the way.
	Seconds float64 `json:"seconds"`
}

// curve is a training.
type curve struct {
	Points []point `json:"points"`
}

// at is the last point at or before a number of samples, and whether there is one.
func (c curve) at(samples int) (point, bool) {
	var best point
	for _, p := range c.Points {
		if p.Samples <= samples && p.Samples > best.Samples {
			best = p
		}
	}
	return best, best.Samples > 0 && 10*best.Samples > 9*samples
}

func (c curve) last() point { return c.Points[len(c.Points)-1] }

// stride is how many steps lie between two places where a curve may have a point.
const stride = 100

// places are the steps after which a training of so many samples is tested: four in each decade from 1e4 samples on.
func places(samples int) map[int]bool {
	at := map[int]bool{}
	for k := 0; ; k++ {
		n := math.Pow(10, 4+float64(k)/4)
		if n > 1.001*float64(samples) {
			return at
		}
		at[int(math.Round(n/batch/stride))*stride] = true
	}
}

// training says how a curve is trained.
type training struct {
	dataset
	latent    int
	optimizer train.Optimizer
	wakeSleep bool // instead of the bound
	samples   int
	seed      uint64
}

// cellName is the name of its cell.
func (t training) cellName() string {
	how := t.optimizer.Name()
	if t.wakeSleep {
		how = "wake-sleep"
	} else {
		how += "-map"
	}
	return fmt.Sprintf("%s/nz%d/%s-%v-%s/seed%d", t.name, t.latent, how, t.optimizer.Rate(), amount(t.samples), t.seed)
}

// objective is what trains v on so many datapoints: the bound under a prior N(0, I) on all weights, which the paper has as a
// small weight decay (section 5), or wake-sleep, which has none.
func (t training) objective(v *models.VAE, rows int) (train.Model, error) {
	if t.wakeSleep {
		return models.WakeSleep(v), nil
	}
	return v.Maximise(models.Bound{WeightPrior: 1 / float64(rows)})
}

// pace is how many seconds the training takes that has all cores to itself and is not tested on its way.
func (t training) pace(ctx context.Context, l *reproduce.Lab) (float64, error) {
	name := fmt.Sprintf("%s/nz%d/pace-%s", t.name, t.latent, amount(t.samples))
	return reproduce.Cell(ctx, l, name, func(ctx context.Context, _ string) (float64, error) {
		src, _, err := t.open(l)
		if err != nil {
			return 0, err
		}
		v, err := t.model(l, src.Shape(), t.latent, l.Threads, t.seed)
		if err != nil {
			return 0, err
		}
		defer v.Close()
		m, err := t.objective(v, src.Len())
		if err != nil {
			return 0, err
		}
		start := time.Now()
		_, err = train.Fit(ctx, m, src, train.Options{Engine: l.Engine, Threads: l.Threads, Optimizer: t.optimizer, MaxSteps: t.samples / batch, Batch: batch, Seed: t.seed, Progress: l.Watch(name)})
		return time.Since(start).Seconds(), err
	})
}

// run trains it in the folder of its cell, on so many threads, and leaves the model there as model.elbo.
func (t training) run(ctx context.Context, l *reproduce.Lab, name, folder string, threads int) (curve, error) {
	var c curve
	src, test, err := t.open(l)
	if err != nil {
		return c, err
	}
	v, err := t.model(l, src.Shape(), t.latent, threads, t.seed)
	if err != nil {
		return c, err
	}
	defer v.Close()
	trace, err := reproduce.OpenTrace[point](folder, "curve")
	if err != nil {
		return c, err
	}
	at, watch := places(t.samples), l.Watch(name)
	var failed error
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began := time.Now()
	spent := func(step int) (s float64) { // up to the last point before the step
		for _, p := range trace.Values() {
			if p.Samples < step*batch {
				s = p.Seconds
			}
		}
		return s
	}
	m, err := t.objective(v, src.Len())
	if err != nil {
		return c, err
	}
	_, err = train.Fit(ctx, m, src, train.Options{
		Engine: l.Engine, Threads: threads, Optimizer: t.optimizer, MaxSteps: t.samples / batch, Batch: batch, Seed: t.seed,
		Checkpoint: filepath.Join(folder, "checkpoints"), CheckpointInterval: time.Minute, Resume: true, LogEvery: stride,
		Progress: func(p train.Progress) {
			watch(p)
			if !at[p.Step] || failed != nil {
				return
			}
			took := time.Since(began).Seconds()
			v.Updated()
			e, err := models.Evaluate(ctx, v, test, models.EvalOptions{Batch: 500, Seed: 1})
			if err == nil {
				err = trace.Add(p.Step, point{Samples: p.Step * batch, Train: p.ELBO, Test: e.ELBO, Seconds: spent(p.Step) + took})
			}
			if failed = err; err != nil {
				cancel()
			}
			began = time.Now()
		},
	})
	if failed != nil {
		return c, failed
	}
	if err != nil {
		return c, err
	}
	c.Points = trace.Values()
	return c, v.Save(filepath.Join(folder, "model.elbo"), models.SaveOptions{Force: true})
}
