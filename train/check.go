package train

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/train/data"
)

const (
	defaultBatch = 100
	defaultKeep  = 2
)

// check fills in the defaults for a source of so many rows and reports options that cannot be used.
func (o *Options) check(rows int) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("train: options: "+format+": %w", append(args, ErrOptions)...)
	}
	switch {
	case rows < 1:
		return fmt.Errorf("train: there is nothing to train on: %w", data.ErrEmpty)
	case o.Batch > rows:
		return bad("a batch of %d is more than the %d rows of the data: choose a smaller batch", o.Batch, rows)
	case o.Epochs < 0 || o.MaxSteps < 0 || o.Epochs == 0 && o.MaxSteps == 0:
		return bad("%d epochs and at most %d steps, want a number of epochs or of steps", o.Epochs, o.MaxSteps)
	case o.Batch < 0:
		return bad("a batch of %d, want 1 or more", o.Batch)
	case !(o.Clip >= 0) || math.IsInf(o.Clip, 0):
		return bad("clip %v, want a norm, or 0 for none", o.Clip)
	case !(o.KLWeight >= 0) || math.IsInf(o.KLWeight, 0):
		return bad("a KL weight of %v, want a positive number, or 0 for 1", o.KLWeight)
	case o.KLWarmup < 0 || !(o.KLWarmupEpochs >= 0) || math.IsInf(o.KLWarmupEpochs, 0):
		return bad("a KL warm-up of %d steps or %v epochs, want a length", o.KLWarmup, o.KLWarmupEpochs)
	case o.KLWarmup > 0 && o.KLWarmupEpochs > 0:
		return bad("a KL warm-up both in steps (%d) and in epochs (%v), want one of them", o.KLWarmup, o.KLWarmupEpochs)
	case !(o.EMA >= 0) || o.EMA >= 1:
		return bad("an EMA decay of %v, want 0 (none) up to 1, such as 0.999", o.EMA)
	case o.Resume && o.Checkpoint == "":
		return bad("resume without a checkpoint folder to resume from")
	case o.CheckpointEvery < 0 || o.CheckpointInterval < 0 || o.Keep < 0 || o.LogEvery < 0:
		return bad("a checkpoint every %d steps or %v, %d kept, a report every %d steps: want none or more of each", o.CheckpointEvery, o.CheckpointInterval, o.Keep, o.LogEvery)
	}
	if o.Engine == nil {
		o.Engine = native.New()
	}
	if o.Optimizer == nil {
		o.Optimizer = Adam{}
	}
	if o.Schedule == nil {
		o.Schedule = Constant{}
	}
	if o.Batch == 0 {
		o.Batch = min(defaultBatch, rows)
	}
	if o.KLWeight == 0 {
		o.KLWeight = 1
	}
	if o.Keep == 0 {
		o.Keep = defaultKeep
	}
	return o.Optimizer.Check()
}
