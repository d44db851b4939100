// Package localreparam reproduces table 1 of Kingma, Salimans and Welling, Variational Dropout and the Local
// Reparameterization Trick (arXiv 1506.02557): the variance of minibatch gradients under estimators of one bound, and what
// an epoch costs with a weight sample for each datapoint.
package localreparam

import (
	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/train"
)

// Experiment is `elbo reproduce local-reparam`.
var Experiment = reproduce.Experiment{
	Name:   "local-reparam",
	Title:  "Local reparameterisation: the variance of the gradient, and what it saves",
	Source: "Table 1 and section 5.1 of Kingma, Salimans and Welling (arXiv 1506.02557), the thesis's chapter 6",
	Run:    run,
}

// estimator is a way to estimate the gradient of the bound, with the paper's variances: top layer after 10 and 100 epochs,
// bottom layer after 10 and 100 epochs.
type estimator struct {
	name     string
	noise    bool
	sampling train.Sampling
	paper    [4]float64
}

var estimators = []estimator{
	{"local reparameterisation", true, train.Local, [4]float64{7.8e3, 1.2e3, 1.9e2, 1.1e2}},
	{"separate weight samples", true, train.Separate, [4]float64{1.4e4, 2.6e3, 4.3e2, 2.5e2}},
	{"one weight sample", true, train.Shared, [4]float64{4.9e4, 4.3e3, 8.5e2, 3.3e2}},
	{"no dropout noise", false, train.Local, [4]float64{2.8e3, 5.9e1, 1.3e2, 9.0}},
}

// scale is the size of a run.
type scale struct {
	sizes []int
	// first and last are the epochs after which the gradient is looked at. last is as many as the budget lets it be, 100 at most.
	first, last int
	// datapoints is the number of datapoints from which a variance is estimated, pairs that of the pairs of minibatches from which
	// the covariance under one weight sample is, timed that of the minibatches that are timed.
	datapoints, pairs, timed int
}

// tied tells that the datapoints of a minibatch have their noise in common.
func (e estimator) tied() bool { return e.noise && e.sampling == train.Shared }

var (
	full  = scale{sizes: []int{784, 1000, 1000, 1000, 10}, first: 10, last: 100, datapoints: 5000, pairs: 250, timed: 30}
	quick = scale{sizes: []int{784, 200, 200, 200, 10}, first: 2, last: 6, datapoints: 1000, pairs: 50, timed: 20}
)

const (
	// batch is the number of datapoints of a minibatch, few that of one in which each has weights of its own: more would take
	// gigabytes for the noise alone.
	batch, few = 1000, 5
	// learningRate is Adam's.
	learningRate = 1e-3
	// dropoutRate is where the noise starts in hidden layers, inputRate in the first.
	dropoutRate, inputRate = 0.3, 0.2
)
