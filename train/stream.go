package train

import (
	"context"

	"github.com/elbo-ml/elbo/train/data"
)

// stream is where one of the step's minibatches comes from: the data of X, or of a side.
type stream struct {
	source data.Source // binarised
	batch  int
	seed   uint64
	loader *data.Loader
}

// openStreams makes the streams of the objective. Each has a seed of its own, which for X is that of the run.
func (t *trainer) openStreams(obj *Objective, d data.Source) error {
	sides := append([]Side{{Data: d, Batch: t.Batch}}, obj.Sides...)
	for i, s := range sides {
		seed := t.Seed
		if i > 0 {
			seed = data.SubSeed(t.Seed, uint64(i))
		}
		src, err := data.NewBinarized(borrowed{s.Data}, t.Binarize, seed)
		if err != nil {
			return err
		}
		t.streams = append(t.streams, stream{source: src, batch: s.Batch, seed: seed})
	}
	return nil
}

// borrowed is the caller's source, which Fit does not close.
type borrowed struct{ data.Source }

func (borrowed) Close() error { return nil }

// start begins to read ahead, from the given step on.
func (s *stream) start(ctx context.Context, step, readers int) (err error) {
	s.loader, err = data.NewLoader(ctx, s.source, data.LoaderOptions{Batch: s.batch, Seed: s.seed, Step: step, Workers: readers})
	return err
}

func (s *stream) close() {
	if s.loader != nil {
		s.loader.Close()
	}
	s.source.Close()
}

// takeBatches takes in the next minibatch of every stream.
func (t *trainer) takeBatches(ctx context.Context) error {
	for i := range t.streams {
		b, err := t.streams[i].loader.Next(ctx)
		if err != nil {
			return err
		}
		t.step.take(i, b.X)
	}
	return nil
}
