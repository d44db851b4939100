package train

import (
	"context"
	"fmt"

	"github.com/elbo-ml/elbo/train/data"
)

// trainer is a run of Fit.
type trainer struct {
	Options
	steps int // in all
}

func newTrainer(m Model, d data.Source, o Options) (*trainer, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	return &trainer{Options: o}, nil
}

func (t *trainer) run(ctx context.Context) (*Report, error) {
	return nil, fmt.Errorf("train: fit: the loop is not built yet: %w", ErrOptions)
}

func (t *trainer) close() {}
