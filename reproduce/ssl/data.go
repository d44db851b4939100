package ssl

import (
	"context"
	"os"
	"path/filepath"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/models/kingma"
	semi "github.com/elbo-ml/elbo/models/ssl"
	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

const classes = 10

// part is a part of the data, and its labels.
type part struct {
	rows   data.Source
	labels []int
}

// parts are the three: labels are taken from the first 50,000 of the 60,000 training images, validation is on the rest.
type parts struct{ train, validation, test part }

func open(l *reproduce.Lab) (parts, error) {
	var d parts
	all, err := l.Source("mnist", data.Train)
	if err != nil {
		return d, err
	}
	labels, err := l.Labels("mnist", data.Train)
	if err != nil {
		return d, err
	}
	d.train.rows, d.validation.rows = reproduce.Split(all, all.Len()/6)
	n := d.train.rows.Len()
	d.train.labels, d.validation.labels = labels[:n], labels[n:]
	if d.test.rows, err = l.Source("mnist", data.Test); err != nil {
		return d, err
	}
	d.test.labels, err = l.Labels("mnist", data.Test)
	return d, err
}

// some forgets all labels but n, as many of each class.
func (p part) some(n int, seed uint64) ([]int, error) {
	if n >= len(p.labels) {
		return p.labels, nil
	}
	picked, _, err := data.Balanced(p.labels, classes, n, seed)
	if err != nil {
		return nil, err
	}
	labels := make([]int, len(p.labels))
	for i := range labels {
		labels[i] = data.Unlabelled
	}
	for _, row := range picked {
		labels[row] = p.labels[row]
	}
	return labels, nil
}

// m1Result is what the training of M1 came to.
type m1Result struct {
	// Bound is the ELBO of the validation images, binarised by coins.
	Bound float64
	// ActiveUnits are those whose KL is above 0.01 nats.
	ActiveUnits int
}

// trained is M1, trained once and kept in the folder of its cell.
func (s m1Setting) trained(ctx context.Context, l *reproduce.Lab, d parts) (*models.VAE, m1Result, error) {
	const bundle = "m1.elbo"
	about, err := reproduce.Cell(ctx, l, s.name(), func(ctx context.Context, folder string) (m1Result, error) {
		v, err := models.New(models.Config{Name: "m1", Shape: d.train.rows.Shape(), Latent: s.latent, Hidden: s.hidden, Activation: s.activation, Seed: 1},
			models.WithEngine(l.Engine), models.WithThreads(l.Threads))
		if err != nil {
			return m1Result{}, err
		}
		defer v.Close()
		_, err = train.Fit(ctx, v, d.train.rows, train.Options{Engine: l.Engine, Threads: l.Threads, Epochs: s.epochs, Batch: s.batch, Seed: 1,
			Optimizer: train.Adam{LearningRate: s.rate}, Schedule: train.Cosine{}, Binarize: data.Dynamic,
			Checkpoint: filepath.Join(folder, "checkpoints"), Resume: true, Progress: l.Watch("M1")})
		if err != nil {
			return m1Result{}, err
		}
		if err := v.Save(filepath.Join(folder, bundle), models.SaveOptions{Force: true}); err != nil {
			return m1Result{}, err
		}
		e, err := models.Evaluate(ctx, v, d.validation.rows, models.EvalOptions{Binarize: data.Dynamic})
		if err != nil {
			return m1Result{}, err
		}
		return m1Result{e.ELBO, e.ActiveUnits}, nil
	})
	if err != nil {
		return nil, about, err
	}
	v, err := models.Open(filepath.Join(l.Out, "cells", filepath.FromSlash(s.name()), bundle), models.WithEngine(l.Engine), models.WithThreads(l.Threads))
	return v, about, err
}

// authorsM1 is the M1 that the author published, where a full run finds it beside the data: it trained for longer than a
// budget of hours allows, and the paper's numbers stand on it. nil where it is not there.
func authorsM1(l *reproduce.Lab) (*models.VAE, error) {
	dir := filepath.Join(l.Data, "kingma-m1")
	if _, err := os.Stat(dir); err != nil || l.Data == "" || l.Quick || !l.Real("mnist") {
		return nil, nil
	}
	return kingma.M1(dir, models.WithEngine(l.Engine), models.WithThreads(l.Threads))
}

// features are the means of the latent units that M1 uses, of each part's rows: [n, kept].
type features struct {
	keep                    []int
	train, validation, test *tensor.Tensor
}

func (d parts) features(ctx context.Context, m1 *models.VAE) (features, error) {
	var f features
	var err error
	if f.keep, err = semi.Active(ctx, m1, d.train.rows); err != nil {
		return f, err
	}
	for _, p := range []struct {
		to   **tensor.Tensor
		from part
	}{{&f.train, d.train}, {&f.validation, d.validation}, {&f.test, d.test}} {
		if *p.to, err = f.of(ctx, m1, p.from.rows); err != nil {
			return f, err
		}
	}
	return f, nil
}

// of are the features of rows, some hundred rows at a time.
func (f features) of(ctx context.Context, m1 *models.VAE, src data.Source) (*tensor.Tensor, error) {
	const batch = 500
	latent, kept := m1.Manifest().Latent, len(f.keep)
	out := tensor.New(tensor.Float32, src.Len(), kept)
	x := tensor.New(tensor.Float32, append([]int{min(batch, src.Len())}, src.Shape()...)...)
	index := allRows(src.Len())
	for lo := 0; lo < len(index); lo += batch {
		rows := index[lo:min(lo+batch, len(index))]
		part := x.Rows(0, len(rows))
		if err := src.Read(ctx, rows, tensor.Data[float32](part)); err != nil {
			return nil, err
		}
		q, err := m1.Encode(ctx, part)
		if err != nil {
			return nil, err
		}
		for i, row := range rows {
			for j, unit := range f.keep {
				tensor.Data[float32](out)[row*kept+j] = tensor.Data[float32](q.Mean)[i*latent+unit]
			}
		}
	}
	return out, nil
}

// pick are some rows of a tensor.
func pick(t *tensor.Tensor, rows []int) *tensor.Tensor {
	width := t.Shape()[1:].Size()
	out := tensor.New(tensor.Float32, append([]int{len(rows)}, t.Shape()[1:]...)...)
	for i, row := range rows {
		copy(tensor.Data[float32](out)[i*width:(i+1)*width], tensor.Data[float32](t)[row*width:])
	}
	return out
}

// allRows are the numbers of n rows.
func allRows(n int) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	return rows
}
