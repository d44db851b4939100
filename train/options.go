package train

import (
	"time"

	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/train/data"
)

// Options say how Fit trains. The zero value of every field is a sensible default, but one of Epochs and MaxSteps
// must be given.
type Options struct {
	// Engine runs the training step; nil is the native one. Threads and Provider are handed to it (see
	// runtime.Options), and Threads bounds the optimiser too.
	Engine   runtime.Engine
	Threads  int
	Provider string

	// Optimizer is the update rule; nil is Adam{}.
	Optimizer Optimizer
	// Schedule scales the optimiser's learning rate over the run; nil is Constant{}.
	Schedule Schedule

	// Epochs is the number of passes over the data and MaxSteps bounds the number of updates; 0 is no bound.
	Epochs   int
	MaxSteps int
	// Batch is the number of datapoints of a minibatch, M in the paper; 0 is 100, or all the data when that is less.
	Batch int
	// Seed decides the order of the data, its binarisation and the noise: with the same seed, data and options the
	// native engine gives the same weights, bit for bit, on any number of threads.
	Seed uint64
	// Binarize says how grey data becomes black and white, with Seed.
	Binarize data.Binarize

	// Clip bounds the global norm of the gradient; 0 leaves it alone.
	Clip float64
	// KLWeight scales the KL term of the loss; 0 is 1, the ELBO. (The beta of a beta-VAE.)
	KLWeight float64
	// KLWarmup and KLWarmupEpochs are how long the weight of the KL term rises linearly from 0 to KLWeight, in steps
	// and in epochs; at most one of them may be set.
	KLWarmup       int
	KLWarmupEpochs float64
	// EMA is the decay of an exponential moving average of the weights, with bias correction; 0 is none. When the run
	// ends, the model holds the average; a checkpoint holds both.
	EMA float64
	// Freeze are patterns over parameter names, such as "decoder/*"; what they match is not trained. `*` stands for
	// any characters, `/` among them. A pattern that matches nothing is an error.
	Freeze []string

	// Checkpoint is the folder that checkpoints are written to; "" writes none. They are written every
	// CheckpointEvery steps and every CheckpointInterval of time, when an epoch ends if neither is set, and at the end
	// of the run and when the context is cancelled in any case. The newest Keep of them stay; 0 is 2.
	Checkpoint         string
	CheckpointEvery    int
	CheckpointInterval time.Duration
	Keep               int
	// Resume goes on from the newest checkpoint that verifies, as if the run had never stopped. It starts afresh when
	// the folder holds none, and refuses one made with other data or options.
	Resume bool

	// Progress is called every LogEvery steps (0 is about every second) and after the last, from the goroutine that
	// called Fit. Where the weights are on a device it sees the model's tensors as of the last checkpoint.
	Progress func(Progress)
	LogEvery int
}

// Progress tells how a run is getting on. ELBO, Reconstruction and KL are means in nats per datapoint over the steps
// since the last report.
type Progress struct {
	Step, Steps   int // of the run: updates made, updates in all
	Epoch, Epochs int // the epoch in progress, from 1
	// Loss is what the optimiser saw: it differs from -ELBO while the KL weight is not 1.
	Loss, ELBO, Reconstruction, KL float64
	Terms                          []Term // of the objective
	KLWeight                       float64
	LearningRate                   float64
	GradientNorm                   float64 // before clipping, of the last step
	ImagesPerSecond                float64
	Elapsed, Remaining             time.Duration
	// Checkpoint is the newest checkpoint of this run, or "".
	Checkpoint string
}

// Term is the mean of one of Objective.Terms.
type Term struct {
	Name string
	Mean float64
}

// Report is what a finished (or interrupted) run did.
type Report struct {
	// Steps is the number of updates that made the weights, those before a resume included; Resumed is how many of
	// them came from the checkpoint.
	Steps, Resumed int
	Epochs         int
	// ELBO, Reconstruction and KL are means in nats per datapoint over the last epoch, or the part of it that was made.
	ELBO, Reconstruction, KL float64
	// Terms are the objective's further numbers, as means over the same steps.
	Terms []Term
	// Images is the number of datapoints this call saw, in Elapsed.
	Images          int
	ImagesPerSecond float64
	Elapsed         time.Duration
	// Trained and Frozen count parameters (numbers, not tensors).
	Trained, Frozen int
	// Checkpoint is the newest checkpoint of this run, or "". Notes are lines for the person: an older checkpoint
	// that had to be used, and why.
	Checkpoint string
	Notes      []string
}
