package vdropout

import (
	"context"
	"math"
	"path/filepath"
	"time"

	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/reproduce/network"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// result is what a training gives.
type result struct {
	Epochs int
	// Validation and Test are errors in per cent at the means of the weights, after the last epoch.
	Validation, Test float64
	// Alphas are the layers' at the end, the mean over those of a layer.
	Alphas          []float64
	ImagesPerSecond float64
}

// splits are the data: all but the last 10,000 training images, those, and the test images.
type splits struct{ training, validation, test data.Source }

// model is a classifier of three hidden layers and what to train: the classifier itself, or under dropout.
func (m method) model(width int, seed uint64, images int) (*train.Classifier, train.Model, error) {
	g, err := network.MLP(seed, 784, width, width, width, 10)
	if err != nil {
		return nil, nil, err
	}
	c, err := train.NewClassifier(g)
	if err != nil || m.options.Dropout == 0 {
		return c, c, err
	}
	o := m.options
	o.Examples = images
	v, err := train.WithDropout(c, o)
	return c, v, err
}

// fit trains a network of the given width.
func (m method) fit(ctx context.Context, l *reproduce.Lab, name string, width, epochs int, seed uint64, folder string, d splits) (result, error) {
	c, model, err := m.model(width, seed, d.training.Len())
	if err != nil {
		return result{}, err
	}
	report, err := train.Fit(ctx, model, d.training, train.Options{
		Engine: l.Engine, Threads: l.Threads, Optimizer: train.Adam{LearningRate: learningRate}, Schedule: train.Linear{}, Epochs: epochs, Batch: batch,
		Seed: seed, Checkpoint: filepath.Join(folder, "checkpoints"), CheckpointInterval: time.Minute, Resume: true, Progress: l.Watch(name),
	})
	if err != nil {
		return result{}, err
	}
	r := result{Epochs: epochs, ImagesPerSecond: report.ImagesPerSecond}
	if v, ok := model.(*train.VariationalModel); ok {
		r.Alphas = alphas(v)
	}
	if r.Validation, err = percent(c.ErrorRate(ctx, l.Engine, l.Threads, d.validation)); err != nil {
		return r, err
	}
	r.Test, err = percent(c.ErrorRate(ctx, l.Engine, l.Threads, d.test))
	return r, err
}

func percent(share float64, err error) (float64, error) { return 100 * share, err }

// alphas are the mean alpha of each layer, of kinds that learn it.
func alphas(v *train.VariationalModel) []float64 {
	var all []float64
	for _, layer := range v.Layers() {
		log := layer.LogAlpha()
		sum := 0.0
		for _, a := range log {
			sum += math.Exp(a)
		}
		if len(log) > 0 {
			all = append(all, sum/float64(len(log)))
		}
	}
	return all
}
