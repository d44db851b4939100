package sparsevd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// result is what the training of one network gives.
type result struct {
	// Epochs is how long it trained. Error is the test error in per cent of the pruned network at the means of its weights,
	// Unpruned of the same network with all weights.
	Epochs          int
	Error, Unpruned float64
	Layers          []train.Sparsity
	// Cuts are what other thresholds lead to, from the highest on.
	Cuts []cut
	// Curve has a point for each epoch of which something was kept.
	Curve           []point
	ImagesPerSecond float64
}

// cut is a network pruned at a threshold of log alpha.
type cut struct{ Threshold, Error, Compression float64 }

// point is the state of a training after an epoch.
type point struct {
	Epoch       int
	Compression float64
	KL          float64 // of the weights, in nats per datapoint
	TrainError  float64 // under noise, in per cent
}

// fit trains a network under sparse dropout, prunes it, and leaves it as pruned.onnx in the folder.
func fit(ctx context.Context, l *reproduce.Lab, s subject, epochs int, seed uint64, folder string, training, test data.Source) (result, error) {
	c, m, err := s.model(seed, training.Len())
	if err != nil {
		return result{}, err
	}
	r := result{Epochs: epochs}
	perEpoch := training.Len() / batch
	name := fmt.Sprintf("%s seed %d", s.name, seed)
	watch := l.Watch(name)
	report, err := train.Fit(ctx, m, training, train.Options{
		Engine: l.Engine, Threads: l.Threads, Optimizer: train.Adam{LearningRate: rate(epochs * perEpoch)}, Schedule: train.Linear{}, Epochs: epochs, Batch: batch,
		Seed: seed, KLWarmupEpochs: float64(ramp(epochs)), Checkpoint: filepath.Join(folder, "checkpoints"), Resume: true, LogEvery: perEpoch,
		Progress: func(p train.Progress) {
			watch(p)
			q := point{Epoch: p.Epoch, Compression: train.Compression(sparsity(m))}
			for _, t := range p.Terms {
				switch t.Name {
				case "kl_weights":
					q.KL = t.Mean
				case "error":
					q.TrainError = 100 * t.Mean
				}
			}
			r.Curve = append(r.Curve, q)
			l.Logf("%s: epoch %d, error in training %.2f %%, compression %.1f", name, q.Epoch, q.TrainError, q.Compression)
		},
	})
	if err != nil {
		return r, err
	}
	r.ImagesPerSecond = report.ImagesPerSecond
	if r.Unpruned, err = percent(c.ErrorRate(ctx, l.Engine, l.Threads, test)); err != nil {
		return r, err
	}
	for _, threshold := range thresholds {
		layers, err := m.Prune(threshold)
		if err != nil {
			return r, err
		}
		at := cut{Threshold: threshold, Compression: train.Compression(layers)}
		if at.Error, err = percent(c.ErrorRate(ctx, l.Engine, l.Threads, test)); err != nil {
			return r, err
		}
		r.Cuts = append(r.Cuts, at)
		if threshold == s.threshold {
			r.Error, r.Layers = at.Error, layers
			if err := importer.Save(c.Graph(), filepath.Join(folder, prunedFile), importer.SaveOptions{Force: true}); err != nil {
				return r, err
			}
		}
	}
	return r, nil
}

// prunedFile is the pruned network in the folder of its cell.
const prunedFile = "pruned.onnx"

// model is the network under sparse dropout, for so many training images.
func (s subject) model(seed uint64, images int) (*train.Classifier, *train.VariationalModel, error) {
	g, err := s.build(seed)
	if err != nil {
		return nil, nil, err
	}
	c, err := train.NewClassifier(g)
	if err != nil {
		return nil, nil, err
	}
	m, err := train.WithDropout(c, train.VariationalOptions{Dropout: train.SparseDropout, LogVariance: logVariance, Examples: images})
	return c, m, err
}

// speed measures how many images a second a training of the network takes in.
func speed(ctx context.Context, l *reproduce.Lab, s subject, training data.Source) (float64, error) {
	_, m, err := s.model(1, training.Len())
	if err != nil {
		return 0, err
	}
	report, err := train.Fit(ctx, m, training, train.Options{Engine: l.Engine, Threads: l.Threads, MaxSteps: 50, Batch: batch})
	if err != nil {
		return 0, err
	}
	return report.ImagesPerSecond, nil
}

func percent(share float64, err error) (float64, error) { return 100 * share, err }

func size(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// sparsity tells how many weights a pruning would leave, without making it.
func sparsity(m *train.VariationalModel) []train.Sparsity {
	var layers []train.Sparsity
	for _, l := range m.Layers() {
		zeros := 0
		log := l.LogAlpha()
		for _, a := range log {
			if a >= train.Threshold {
				zeros++
			}
		}
		layers = append(layers, train.Sparsity{Name: l.Name, Weights: len(log), Zeros: zeros})
	}
	return layers
}
