package ssl

import (
	"context"
	"fmt"
	"math"
	"path/filepath"

	"github.com/elbo-ml/elbo/models"
	semi "github.com/elbo-ml/elbo/models/ssl"
	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/reproduce/svm"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// result is what a cell came to: errors in percent.
type result struct {
	Test, Validation float64
	// Sampled is the test error by importance sampling of the class posterior, where it was asked for.
	Sampled float64 `json:",omitempty"`
	// SecondsPerEpoch is what an epoch took, on so many threads.
	SecondsPerEpoch float64 `json:",omitempty"`
	Threads         int     `json:",omitempty"`
	// Curve is the validation error after so many epochs.
	Curve []reproduce.Point `json:",omitempty"`
}

// svmCosts are the costs of which the validation set chooses.
var svmCosts = []float64{1e-3, 1e-2, 1e-1}

// transduced is how many rows without labels a transductive machine looks at.
const transduced = 5000

// svmCell is a linear support vector machine on the means of M1's features; a transductive one takes rows without labels in,
// too.
func svmCell(ctx context.Context, l *reproduce.Lab, cell string, d parts, f features, n int, seed uint64, transductive bool) (result, error) {
	return reproduce.Cell(ctx, l, cell, func(context.Context, string) (result, error) {
		labels, err := d.train.some(n, seed)
		if err != nil {
			return result{}, err
		}
		rows, others := data.LabelledRows(labels)
		y := make([]int, len(rows))
		for i, row := range rows {
			y[i] = labels[row]
		}
		x := pick(f.train, rows)
		fit := func(o svm.Options) (*svm.Linear, error) { return svm.Train(x, y, classes, o) }
		if transductive {
			without := pick(f.train, others[:min(transduced, len(others))])
			fit = func(o svm.Options) (*svm.Linear, error) { return svm.Transduce(x, y, without, classes, o) }
		}
		best := result{Validation: math.Inf(1)}
		for _, c := range svmCosts {
			m, err := fit(svm.Options{C: c, Seed: seed})
			if err != nil {
				return result{}, err
			}
			if e := m.Error(f.validation, d.validation.labels); e < best.Validation {
				best = result{Validation: e, Test: m.Error(f.test, d.test.labels)}
			}
		}
		return best, nil
	})
}

// modelFile is the trained model in its cell's folder.
const modelFile = "model.elbo"

// cell trains an M2 with n labels, evaluates it and keeps it in the folder of its cell. With draws the classes of the test set
// are also estimated by importance sampling.
func (t training) cell(ctx context.Context, l *reproduce.Lab, cell string, fresh func() (*semi.M2, error), d parts, n int, seed uint64, draws, threads int) (result, error) {
	return reproduce.Cell(ctx, l, cell, func(ctx context.Context, folder string) (result, error) {
		m, err := fresh()
		if err != nil {
			return result{}, err
		}
		defer m.Close()
		m.Engine, m.Run.Threads = l.Engine, threads
		labels, err := d.train.some(n, seed)
		if err != nil {
			return result{}, err
		}
		run := fitting{training: t, m: m, d: d, folder: folder, threads: threads, watch: l.Watch(cell)}
		if run.curve, err = reproduce.OpenTrace[reproduce.Point](folder, "curve"); err != nil {
			return result{}, err
		}
		report, err := semi.Fit(ctx, m, d.train.rows, labels, run.options(ctx, l.Engine, labels, seed))
		if err == nil {
			err = run.failed
		}
		if err != nil {
			return result{}, err
		}
		r, err := run.evaluate(ctx, draws)
		if err != nil {
			return r, err
		}
		r.Threads = threads
		if made := report.Steps - report.Resumed; made > 0 {
			r.SecondsPerEpoch = (report.Elapsed - run.aside).Seconds() / float64(made) * float64(report.Steps) / float64(t.epochs)
		}
		return r, m.Save(filepath.Join(folder, modelFile), models.SaveOptions{Force: true})
	})
}

func cellName(model string, n int, t training, seed uint64) string {
	return fmt.Sprintf("%s/labels%d/%s-alpha%v/seed%d", model, n, t.name(), t.weight(n), seed)
}

// options are those of the training of a cell.
func (f *fitting) options(ctx context.Context, e runtime.Engine, labels []int, seed uint64) semi.Options {
	with, without := data.LabelledRows(labels)
	o := semi.Options{LabelledBatch: f.labelledBatch, Alpha: f.weight(len(with)), Options: train.Options{Engine: e, Threads: f.threads, Epochs: f.epochs, Batch: f.batch, Seed: seed,
		Optimizer: train.Adam{LearningRate: f.rate}, Schedule: train.Cosine{}, Checkpoint: filepath.Join(f.folder, "checkpoints"), Resume: true}}
	if !f.m.Stacked() {
		o.Binarize = data.Dynamic
	}
	rows := len(without)
	if rows == 0 {
		rows, o.LabelledBatch = len(with), 0
	}
	o.LabelledBatch = min(o.LabelledBatch, len(with))
	perEpoch := data.StepsPerEpoch(rows, f.batch, false)
	f.every = max(1, f.epochs/places)
	o.CheckpointEvery, o.LogEvery = perEpoch*f.every, perEpoch
	o.Progress = func(p train.Progress) { f.progress(ctx, p) }
	return o
}
