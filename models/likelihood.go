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
		draw: func(g *graph.Graph, p []*graph.Value, noise noises) *graph.Value {
			return BernoulliSample(g, p[0], noise(p[0]))
		},
	},
	Gaussian: {
		params: []string{"mean", "logvar"},
		logProb: func(g *graph.Graph, x *graph.Value, p []*graph.Value) *graph.Value {
			return NormalLogProb(g, x, p[0], p[1])
		},
		normal: true,
		draw: func(g *graph.Graph, p []*graph.Value, noise noises) *graph.Value {
			return Reparameterize(g, p[0], p[1], noise(p[0]))
		},
	},
	DiscretizedLogistic: {
		params: []string{"mean", "logscale"},
		logProb: func(g *graph.Graph, x *graph.Value, p []*graph.Value) *graph.Value {
			return DiscretizedLogisticLogProb(g, x, p[0], p[1])
		},
		draw: func(g *graph.Graph, p []*graph.Value, noise noises) *graph.Value {
			return DiscretizedLogisticSample(g, p[0], p[1], noise(p[0]))
		},
	},
	LogisticMixture: {
		params: []string{"mixture_logits", "means", "logscales"},
		mixed:  true,
		logProb: func(g *graph.Graph, x *graph.Value, p []*graph.Value) *graph.Value {
			return LogisticMixtureLogProb(g, x, p[0], p[1], p[2])
		},
		draw: func(g *graph.Graph, p []*graph.Value, noise noises) *graph.Value {
			pick := noise(p[0])
			return LogisticMixtureSample(g, p[0], p[1], p[2], pick, noise(g.ReduceSum(p[0], false, 1)))
		},
	},
}

type family struct {
	// params are the roles of the decoder's outputs, in the order in which logProb takes them.
	params []string
	// mixed: each parameter has a number for each component of each element, the components in front.
	mixed bool
	// logProb is log p(x) of each row.
	logProb func(g *graph.Graph, x *graph.Value, params []*graph.Value) *graph.Value
	// draw is x drawn by the noise, which is standard normal where normal says so, and else uniform in [0, 1).
	draw   func(g *graph.Graph, params []*graph.Value, noise noises) *graph.Value
	normal bool
}

// noises gives noise of the shape of a value: an input of the graph, or a constant that stands for it.
type noises func(like *graph.Value) *graph.Value

// preprocessing is what data in [0,1] goes through before a freshly built model of this family reads it. The discretised
// logistics take level k of 255 to k/256 - 0.5.
func (l Likelihood) preprocessing() Preprocessing {
	if l == DiscretizedLogistic || l == LogisticMixture {
		return Preprocessing{Scale: 255.0 / 256, Shift: -0.5}
	}
	return Preprocessing{Scale: 1}
}

// check reports a family that elbo does not have.
func (l Likelihood) check() error {
	if _, ok := likelihoods[l]; !ok {
		return fmt.Errorf("likelihood %q is not known; use %s, %s, %s or %s", string(l), Bernoulli, Gaussian, DiscretizedLogistic, LogisticMixture)
	}
	return nil
}
