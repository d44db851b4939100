package train

import (
	"context"

	"github.com/elbo-ml/elbo/runtime/profile"
	"github.com/elbo-ml/elbo/train/data"
)

// Fit trains the model on the data: it minimises the objective's loss over minibatches and updates the model's own
// weights in place. Every step is a function of the seed and its number alone.
//
// When ctx is cancelled Fit writes a checkpoint, if it has a folder for one, and returns the report so far with an
// error that wraps ctx.Err(). Whatever the outcome, the model keeps the weights after the last whole step.
func Fit(ctx context.Context, m Model, d data.Source, o Options) (*Report, error) {
	span := profile.From(ctx).Begin(profile.Main, &prepareWork)
	t, err := newTrainer(m, d, o)
	span.End()
	if err != nil {
		return nil, err
	}
	defer t.close()
	return t.run(ctx)
}
