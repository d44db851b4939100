package sparsevd

import (
	"context"
	"testing"

	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/reproduce/labtest"
	"github.com/elbo-ml/elbo/train/data"
)

// The parts of a run work on ten thousand images: a training that is pruned, and its files.
func TestParts(t *testing.T) {
	var r result
	var f file
	e := reproduce.Experiment{Name: "parts", Run: func(ctx context.Context, l *reproduce.Lab) error {
		all, err := l.Labelled("mnist", data.Train, 10)
		if err != nil {
			return err
		}
		folder := t.TempDir()
		if r, err = fit(ctx, l, subjects[0], 4, 1, folder, data.Slice(all, 0, 10000), data.Slice(all, 10000, 10200)); err != nil {
			return err
		}
		f, err = measure(ctx, l, folder, data.Slice(all, 10000, 10200))
		return err
	}}
	if _, err := reproduce.Run(t.Context(), e, reproduce.Options{Out: t.TempDir(), Data: labtest.MNIST(t)}); err != nil {
		t.Fatal(err)
	}
	if len(r.Curve) != 4 || len(r.Layers) != 3 || r.Layers[0].Weights != 235200 || r.Error > 60 || r.Unpruned > 60 {
		t.Errorf("trained to %+v", r)
	}
	if f.sparse > f.dense || f.dense < 4*266610 || f.hasORT && f.ort != r.Error {
		t.Errorf("files %+v of an error of %v", f, r.Error)
	}
}
