package models

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
)

// likelihoods is the table of families of p(x|z): the decoder outputs that give its parameters, and the formulas.
var likelihoods = map[Likelihood]family{
	Bernoulli: {
		params: []string{"logits"},
		logProb: func(g *graph.Graph, x *graph.Value, p []*graph.Value) *graph.Value {
			return BernoulliLogProb(g, x, p[0])
		},
	},
	Gaussian: {
		params: []string{"mean", "logvar"},
		logProb: func(g *graph.Graph, x *graph.Value, p []*graph.Value) *graph.Value {
			return NormalLogProb(g, x, p[0], p[1])
		},
	},
	DiscretizedLogistic: {
		params: []string{"mean", "logscale"},
		logProb: func(g *graph.Graph, x *graph.Value, p []*graph.Value) *graph.Value {
			return DiscretizedLogisticLogProb(g, x, p[0], p[1])
		},
	},
}

type family struct {
	// params are the roles of the decoder's outputs, in the order in which logProb takes them.
	params []string
	// logProb is log p(x) of each row.
	logProb func(g *graph.Graph, x *graph.Value, params []*graph.Value) *graph.Value
}

// preprocessing is what data in [0,1] goes through before a freshly built model of this family reads it. The discretised
// logistic takes level k of 255 to k/256 - 0.5.
func (l Likelihood) preprocessing() Preprocessing {
	if l == DiscretizedLogistic {
		return Preprocessing{Scale: 255.0 / 256, Shift: -0.5}
	}
	return Preprocessing{Scale: 1}
}

// check reports a family that elbo does not have.
func (l Likelihood) check() error {
	if _, ok := likelihoods[l]; !ok {
		return fmt.Errorf("likelihood %q is not known; use %s, %s or %s", string(l), Bernoulli, Gaussian, DiscretizedLogistic)
	}
	return nil
}
