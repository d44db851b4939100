package iaf

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/models/made"
	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// work is a run of the experiment.
type work struct {
	*reproduce.Lab
	settings
	source, tests data.Source // all there is
	fit, test     data.Source // as much of it as the settings say
}

// cut takes as much of the data as the settings say.
func (w *work) cut() {
	w.fit, w.test = data.Slice(w.source, 0, w.rows), data.Slice(w.tests, 0, w.testRows)
}

// point is the training bound at an epoch.
type point struct{ Epoch, ELBO float64 }

// result is a trained model's: nats per image, over the test images, by the importance-weighted draws.
type result struct {
	Bound, BoundError, KL, LogP, LogPError float64
	Seconds                                float64 // of the training
	Curve                                  []point
}

// path is where the model of a cell is kept.
func (w *work) path(cell string) string { return filepath.Join(w.Out, "cells", cell, "model.elbo") }

func (w *work) modelOptions() []models.Option {
	return []models.Option{models.WithEngine(w.Engine), models.WithThreads(w.Threads)}
}

// train trains and evaluates a variant.
func (w *work) train(ctx context.Context, v variant, seed uint64) (result, error) {
	cell := w.cellOf(v, seed)
	return reproduce.Cell(ctx, w.Lab, cell, func(ctx context.Context, folder string) (result, error) {
		m, err := w.model(v, w.fit.Shape(), seed, w.modelOptions()...)
		if err != nil {
			return result{}, err
		}
		defer m.Close()
		r := result{}
		if r.Seconds, r.Curve, err = w.fitModel(ctx, m, cell, folder, seed, func() error { return w.initialise(ctx, m, seed) }); err != nil {
			return r, err
		}
		e, err := models.Evaluate(ctx, m, w.test, models.EvalOptions{K: w.draws, Binarize: data.Dynamic, Seed: 0})
		if err != nil {
			return r, err
		}
		r.Bound, r.BoundError, r.KL, r.LogP, r.LogPError = e.ELBO, e.ELBOError, e.KL, e.IWAE, e.IWAEError
		return r, m.Save(w.path(cell), models.SaveOptions{Force: true})
	})
}

// initialise sets the scale of the layers by the first training images.
func (w *work) initialise(ctx context.Context, m *models.VAE, seed uint64) error {
	x, err := first(ctx, w.fit, w.batch, seed)
	if err != nil {
		return err
	}
	return m.Initialise(ctx, x, seed)
}

// first are the first rows of a source, binarised.
func first(ctx context.Context, src data.Source, n int, seed uint64) (*tensor.Tensor, error) {
	src, err := data.NewBinarized(data.Slice(src, 0, n), data.Dynamic, seed)
	if err != nil {
		return nil, err
	}
	x, index := tensor.New(tensor.Float32, append([]int{src.Len()}, src.Shape()...)...), make([]int, src.Len())
	for i := range index {
		index[i] = i
	}
	return x, src.Read(ctx, index, tensor.Data[float32](x))
}

// fitModel trains m, which may be one that was stopped, and gives the seconds it took and the training bound on the way. Both
// are kept beside the checkpoints.
func (w *work) fitModel(ctx context.Context, m train.Model, cell, folder string, seed uint64, prepare func() error) (float64, []point, error) {
	kept := filepath.Join(folder, "curve.json")
	var so struct {
		Seconds float64
		Curve   []point
	}
	if b, err := os.ReadFile(kept); err == nil {
		if err := json.Unmarshal(b, &so); err != nil {
			return 0, nil, fmt.Errorf("%s: %w", kept, err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return 0, nil, err
	}
	if err := prepare(); err != nil {
		return 0, nil, err
	}
	o := w.options(w.epochs, seed)
	o.Checkpoint, o.Engine, o.Threads, o.Binarize = filepath.Join(folder, "checkpoints"), w.Engine, w.Threads, data.Dynamic
	before, watch := so.Seconds, w.Watch(cell)
	var failed error
	o.Progress = func(p train.Progress) {
		watch(p)
		at := float64(p.Step) * float64(w.batch) / float64(w.fit.Len())
		for len(so.Curve) > 0 && so.Curve[len(so.Curve)-1].Epoch >= at { // made again since the last checkpoint
			so.Curve = so.Curve[:len(so.Curve)-1]
		}
		so.Curve, so.Seconds = append(so.Curve, point{at, p.ELBO}), before+p.Elapsed.Seconds()
		if b, err := json.Marshal(so); err != nil {
			failed = err
		} else if err := os.WriteFile(kept, b, 0o666); err != nil {
			failed = err
		}
	}
	if _, err := train.Fit(ctx, m, w.fit, o); err != nil {
		return 0, nil, err
	}
	return so.Seconds, so.Curve, failed
}

// plan takes the largest size of which enough epochs fit into the budget. It times a few steps of every variant.
func (w *work) plan(ctx context.Context) error {
	type plan struct{ Size, Epochs int }
	p, err := reproduce.Cell(ctx, w.Lab, "plan", func(ctx context.Context, _ string) (p plan, err error) {
		for i := range full {
			w.settings = full[i]
			w.cut()
			if p.Epochs, err = w.affordable(ctx); err != nil || p.Epochs >= enough {
				return p, err
			}
			p.Size = min(i+1, len(full)-1)
		}
		return p, nil
	})
	if err != nil {
		return err
	}
	w.settings = full[p.Size]
	w.epochs = max(1, p.Epochs)
	w.cut()
	if p.Size > 0 {
		w.Note("Not even %d epochs of the paper's residual network fit into the budget of %v on this machine, so a dense layer of %d units stands in its place.", enough, w.Budget, w.body.Hidden[0])
	}
	return nil
}

// affordable is how many epochs of all variants and seeds fit into what is left of the budget, by the fastest of a few steps
// each: what else the machine does for a while is not what it can do.
func (w *work) affordable(ctx context.Context) (int, error) {
	epoch, evaluation := 0.0, 0.0
	for _, v := range w.variants {
		m, err := w.model(v, w.fit.Shape(), 1, w.modelOptions()...)
		if err != nil {
			return 0, err
		}
		defer m.Close()
		var last, fastest time.Duration
		o := train.Options{MaxSteps: 20, Batch: w.batch, Engine: w.Engine, Threads: w.Threads, LogEvery: 1, Progress: func(p train.Progress) {
			if took := p.Elapsed - last; p.Step > 1 && (fastest == 0 || took < fastest) {
				fastest = took
			}
			last = p.Elapsed
		}}
		if _, err := train.Fit(ctx, m, w.fit, o); err != nil {
			return 0, err
		}
		epoch += fastest.Seconds() * float64(w.fit.Len()) / float64(w.batch)
		start := time.Now()
		if _, err := models.Evaluate(ctx, m, w.test, models.EvalOptions{K: 4, Limit: w.batch}); err != nil {
			return 0, err
		}
		evaluation += time.Since(start).Seconds() / 4 * float64(w.draws) * float64(w.test.Len()) / float64(w.batch)
	}
	return int((0.85*w.Remaining().Seconds()/float64(w.Seeds) - evaluation) / epoch), nil
}

// decoder is the result of the autoregressive decoder.
type decoder struct {
	LogP, LogPError, Seconds float64
}

func (w *work) made() (*made.Model, error) {
	return made.New(made.Config{Shape: w.fit.Shape(), Hidden: w.madeHidden, Seed: 1, Engine: w.Engine, Threads: w.Threads})
}

// pixelByPixel trains a MADE for as many epochs and measures its exact log p(x).
func (w *work) pixelByPixel(ctx context.Context) (decoder, error) {
	return reproduce.Cell(ctx, w.Lab, "made", func(ctx context.Context, folder string) (decoder, error) {
		var d decoder
		m, err := w.made()
		if err != nil {
			return d, err
		}
		defer m.Close()
		if d.Seconds, _, err = w.fitModel(ctx, m, "made", folder, 1, func() error { return nil }); err != nil {
			return d, err
		}
		x, err := first(ctx, w.test, w.test.Len(), 0)
		if err != nil {
			return d, err
		}
		logp, err := m.LogProb(ctx, x)
		if err != nil {
			return d, err
		}
		mean, se := reproduce.Mean(logp)
		return decoder{mean, se, d.Seconds}, nil
	})
}

// speed is the seconds that an image takes to draw, by the number of images drawn at once.
type speed struct {
	Images      int
	Flow, Pixel float64
}

// synthesis times how images are drawn: by the decoder of the deepest flow, in one pass, and by MADE pixel by pixel. What the
// weights hold does not matter to it.
func (w *work) synthesis(ctx context.Context) ([]speed, error) {
	return reproduce.Cell(ctx, w.Lab, "synthesis", func(ctx context.Context, _ string) ([]speed, error) {
		v, err := models.Open(w.path(w.cellOf(w.variants[len(w.variants)-1], 1)), w.modelOptions()...)
		if err != nil {
			return nil, err
		}
		defer v.Close()
		m, err := w.made()
		if err != nil {
			return nil, err
		}
		defer m.Close()
		var all []speed
		for _, n := range []int{1, 100} {
			s := speed{Images: n}
			if s.Flow, err = w.perImage(n, func() error { _, err := v.Sample(ctx, n); return err }); err != nil {
				return nil, err
			}
			if s.Pixel, err = w.perImage(n, func() error { _, err := m.Sample(ctx, n, 1); return err }); err != nil {
				return nil, err
			}
			all = append(all, s)
		}
		return all, nil
	})
}

// perImage is the fastest of several runs, after one that compiles.
func (w *work) perImage(n int, draw func() error) (float64, error) {
	if err := draw(); err != nil {
		return 0, err
	}
	fastest, begun := time.Duration(0), time.Now()
	for i := 0; i < 3 || time.Since(begun) < w.timing; i++ {
		start := time.Now()
		if err := draw(); err != nil {
			return 0, err
		}
		if took := time.Since(start); i == 0 || took < fastest {
			fastest = took
		}
	}
	return fastest.Seconds() / float64(n), nil
}
