// Package vdropout reproduces figure 1 of Kingma, Salimans and Welling, Variational Dropout and the Local Reparameterization
// Trick (arXiv 1506.02557): the test error of networks of three hidden layers under kinds of dropout, by their width.
package vdropout

import (
	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/train"
)

// Experiment is `elbo reproduce vdropout`.
var Experiment = reproduce.Experiment{
	Name:   "vdropout",
	Title:  "Variational dropout: the error by width",
	Source: "Figure 1 of Kingma, Salimans and Welling (arXiv 1506.02557), the thesis's chapter 6",
	Run:    run,
}

// method is a kind of dropout and the paper's test error in per cent by width, read off its figure (within 0.02).
type method struct {
	name    string
	options train.VariationalOptions // no kind: none
	paper   map[int]float64
	quick   bool // part of a quick run
	extra   bool // not in the paper's figure: in runs of a roomy budget only
	color   int
}

var widths = []int{100, 250, 500, 750, 1000, 1250}

// of are the paper's errors at the widths.
func of(errors ...float64) map[int]float64 {
	m := map[int]float64{}
	for i, e := range errors {
		m[widths[i]] = e
	}
	return m
}

// fixed is a kind of dropout whose rates are 0.5 in hidden layers and 0.2 for the pixels.
func fixed(kind train.Dropout) train.VariationalOptions {
	return train.VariationalOptions{Dropout: kind, Rate: 0.5, InputRate: 0.2}
}

// learned is a kind that learns an alpha for each layer, which starts at that of a rate of 0.1 in hidden layers and of 0.05 for
// the pixels: an alpha changes by some per cent in a hundred updates, and one too small does less harm to a short training.
func learned(kind train.Dropout) train.VariationalOptions {
	return train.VariationalOptions{Dropout: kind, Rate: 0.1, InputRate: 0.05}
}

var methods = []method{
	{name: "no dropout", paper: of(1.44, 1.30, 1.22, 1.18, 1.18, 1.18), quick: true, color: -1},
	{name: "binary dropout", options: fixed(train.BinaryDropout), paper: of(2.17, 1.39, 1.22, 1.10, 1.02, 1.06), quick: true, color: 6},
	{name: "variational A", options: learned(train.VariationalDropoutA), paper: of(1.42, 1.26, 1.12, 1.06, 1.02, 1.00), quick: true, color: 0},
	{name: "variational A2", options: learned(train.VariationalDropoutA2), paper: of(1.50, 1.20, 1.06, 0.95, 0.95, 0.93), quick: true, color: 1},
	{name: "variational B", options: learned(train.VariationalDropoutB), paper: of(1.58, 1.37, 1.29, 1.22, 1.17, 1.21), color: 2},
	{name: "Gaussian dropout A", options: fixed(train.GaussianDropoutA), extra: true, color: 3},
}

const (
	// batch is the number of images of a minibatch, learningRate Adam's, which falls linearly to 0.
	batch        = 100
	learningRate = 1e-3
	// mostEpochs is the longest training of a full run, leastEpochs the shortest: a budget that holds no more leaves out
	// widths, from the last on, rather than train for less.
	mostEpochs, leastEpochs = 300, 10
	// quickEpochs and quickWidth are those of a quick run.
	quickEpochs, quickWidth = 5, 100
)

// fullWidths are those of a full run; a budget of less than roomy hours leaves out all but the first three, and what is extra.
var fullWidths = []int{100, 500, 750, 250, 1000, 1250}

const roomy = 6
