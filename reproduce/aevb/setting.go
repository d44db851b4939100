package aevb

import (
	"math/rand/v2"
	"strings"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train/data"
)

// batch is the size of a minibatch, M in the paper; one z is drawn for each datapoint.
const batch = 100

// deviation is that of the first weights, N(0, 0.01) in the paper, which gives the variance.
const deviation = 0.1

// dataset is one of the paper's two, and the network that it trains on it: one hidden layer of tanh units.
type dataset struct {
	name, title string
	hidden      int
	likelihood  models.Likelihood
	// latents are the sizes of z in figure 2.
	latents []int
	// test is how many of the rows, drawn by chance, are held out where there is no test set; 0 where there is one.
	test int
}

var (
	mnist = dataset{name: "mnist", title: "MNIST", hidden: 500, likelihood: models.Bernoulli, latents: []int{3, 5, 10, 20, 200}}
	frey  = dataset{name: "freyface", title: "Frey Face", hidden: 200, likelihood: models.Gaussian, latents: []int{2, 5, 10, 20}, test: 365}
)

// open gives the rows to train on and those to test with. Grey values are taken as they are: on MNIST as the means of
// coins.
func (d dataset) open(l *reproduce.Lab) (train, test data.Source, err error) {
	if train, err = l.Source(d.name, data.Train); err != nil {
		return nil, nil, err
	}
	if d.test > 0 && l.Real(d.name) {
		// The rows are a film: its end is unlike what came before, and a model of the rest does not fit it for long.
		rows := rand.New(rand.NewPCG(1, 0)).Perm(train.Len())
		if test, err = data.Pick(train, rows[train.Len()-d.test:]); err != nil {
			return nil, nil, err
		}
		train, err = data.Pick(train, rows[:train.Len()-d.test])
		return train, test, err
	}
	test, err = l.Source(d.name, data.Test)
	return train, test, err
}

// model is a fresh VAE with the paper's first weights: N(0, 0.01), biases 0.
func (d dataset) model(l *reproduce.Lab, shape []int, latent, threads int, seed uint64) (*models.VAE, error) {
	v, err := models.New(models.Config{Shape: shape, Latent: latent, Hidden: []int{d.hidden}, Likelihood: d.likelihood, Seed: seed},
		models.WithEngine(l.Engine), models.WithThreads(threads))
	if err != nil {
		return nil, err
	}
	obj, err := v.Objective()
	if err != nil {
		return nil, err
	}
	for i, p := range obj.Params {
		w := tensor.Data[float32](p.Data)
		if strings.HasSuffix(p.Name, ".bias") {
			clear(w)
			continue
		}
		noise := runtime.Noise{Seed: seed, Stream: uint64(i)}
		row := len(w) / p.Data.Shape()[0]
		for at := 0; at < len(w); at += row {
			noise.Normal(uint64(at/row), w[at:at+row])
		}
		for j := range w {
			w[j] *= deviation
		}
	}
	v.Updated()
	return v, nil
}
