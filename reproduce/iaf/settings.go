package iaf

import (
	"fmt"
	"time"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/models/flow"
	"github.com/elbo-ml/elbo/models/layer"
	"github.com/elbo-ml/elbo/train"
)

// variant is a posterior.
type variant struct {
	name, title string
	// steps of the flow and units of each hidden layer of a step; no steps leave the Gaussian.
	steps, width int
	// paper is what the paper's table has, for as many steps: the bound and log p(x), with their standard deviations.
	paper [2]string
}

// settings are a size of the experiment.
type settings struct {
	rows, testRows int
	epochs         int // 0 fits them to the budget
	batch          int
	draws          int // of the importance-weighted estimate
	rate, average  float64
	variants       []variant
	// body is the model but for its flow, and madeHidden the hidden units of the autoregressive decoder beside it.
	body       models.Config
	madeHidden []int
	timing     time.Duration // of each kind of synthesis, at least
}

// full are the sizes of a full run: the first one of which enough epochs fit into the budget is taken.
//
// The first is the paper's network for MNIST: residual blocks of 16, 32 and 32 maps, a dense layer of 450, 32 latents, ELU,
// weight normalisation, AdaMax and an average of the weights. The second has a dense layer in place of the maps. The steps
// are of the paper's narrowest width.
var full = []settings{
	{
		rows: 50000, testRows: 1000, batch: 100, draws: 128, rate: 0.002, average: 0.998, variants: ofWidth(320),
		body:       models.Config{Body: "resnet", Latent: 32, Hidden: []int{16, 32, 32}, Blocks: 1, Units: 450},
		madeHidden: []int{500}, timing: time.Second,
	}, {
		rows: 50000, testRows: 1000, batch: 100, draws: 128, rate: 0.002, average: 0.998, variants: ofWidth(320),
		body:       models.Config{Body: "dense", Latent: 32, Hidden: []int{450}, Activation: "elu"},
		madeHidden: []int{500}, timing: time.Second,
	},
}

// enough are the epochs that a full run has at least, unless it is of the smallest size.
const enough = 8

// quick is a narrow dense network of few latents, which a richer posterior helps soon.
var quick = settings{
	rows: 20000, testRows: 500, epochs: 12, batch: 100, draws: 128, rate: 0.004, average: 0.99, variants: ofWidth(100),
	body:       models.Config{Body: "dense", Latent: 16, Hidden: []int{200}, Activation: "elu"},
	madeHidden: []int{100}, timing: time.Second,
}

// ofWidth are the posteriors that are compared, with steps of the given width, beside the paper's table.
func ofWidth(width int) []variant {
	return []variant{
		{name: "diagonal", title: "diagonal Gaussian", paper: [2]string{"-84.08 (0.10)", "-81.08 (0.08)"}},
		{name: "iaf2", title: fmt.Sprintf("IAF, depth 2, width %d", width), steps: 2, width: width, paper: [2]string{"-82.02 (0.08)", "-79.77 (0.06)"}},
		{name: "iaf4", title: fmt.Sprintf("IAF, depth 4, width %d", width), steps: 4, width: width, paper: [2]string{"-80.93 (0.09) [^1]", "-79.17 (0.08) [^1]"}},
	}
}

// model is the VAE of a variant.
func (s settings) model(v variant, shape []int, seed uint64, opts ...models.Option) (*models.VAE, error) {
	c := s.body
	c.Shape, c.Seed, c.Name = shape, seed, v.name
	c.Layers = &layer.Builder{Normalise: true}
	if v.steps > 0 {
		var err error
		if c.Flow, err = flow.Chain("iaf", v.steps, v.width, c.Layers); err != nil {
			return nil, err
		}
	}
	return models.New(c, opts...)
}

// options train every model in the same way.
func (s settings) options(epochs int, seed uint64) train.Options {
	return train.Options{
		Epochs: epochs, Batch: s.batch, Seed: seed, Optimizer: train.AdaMax{LearningRate: s.rate}, EMA: s.average,
		Checkpoint: "checkpoints", Resume: true, Keep: 1, LogEvery: max(1, s.rows/s.batch/4),
	}
}
