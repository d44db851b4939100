package train

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// VariationalOptions say what noise Variational puts on a graph's weights.
type VariationalOptions struct {
	Dropout Dropout
	// Rate is the dropout probability p, below 1, of which alpha = p/(1-p): the fixed one of binary and Gaussian dropout,
	// and where the learned one of variational dropout starts. 0 is 0.5. Where alpha is bounded by 1 it starts at 0.95 at most.
	Rate float64
	// InputRate is that of the layers that read the graph's inputs before any other layer with noise has; 0 is Rate, and
	// Zero leaves their inputs or weights without noise.
	InputRate float64
	// Per says how many alphas a layer of variational dropout learns.
	Per Per
	// Only are patterns over the names of weights ("decoder/*"); what none of them matches stays without noise. nil is all.
	Only []string
	// Except are patterns over the names of weights that stay without noise: those that are frozen.
	Except []string
	// Examples is N, the number of datapoints over which the KL is spread: the KL of Variational is KL / N. It must be given
	// where there is a KL.
	Examples int
	// LogVariance is where log sigma^2 starts, of gaussian-weights and sparse; 0 is -10.
	LogVariance float64
	// Prior is the standard deviation of the prior of gaussian-weights; 0 is 1.
	Prior float64
	// Sampling says where the noise on weights is drawn; Local unless estimators are to be compared.
	Sampling Sampling
}

func (o VariationalOptions) check() error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("train: variational: "+format+": %w", append(args, ErrOptions)...)
	}
	switch {
	case o.Dropout < BinaryDropout || int(o.Dropout) >= len(dropoutNames):
		return wrong("the kind of dropout is missing")
	case !(o.Rate >= 0 && o.Rate < 1):
		return wrong("the rate is %v, want 0 to below 1", o.Rate)
	case o.InputRate != Zero && !(o.InputRate >= 0 && o.InputRate < 1):
		return wrong("the rate of the inputs is %v, want 0 to below 1", o.InputRate)
	case o.Per > PerWeight:
		return wrong("%v is no share of a rate", o.Per)
	case o.Per != PerLayer && !o.Dropout.bounded():
		return wrong("%v learns no rate that could be one %v", o.Dropout, o.Per)
	case o.Per == PerWeight && o.Dropout.onInputs():
		return wrong("%v has its noise on inputs, so a rate can be one per layer or per unit, not per weight", o.Dropout)
	case o.Dropout.hasKL() && o.Examples < 1:
		return wrong("the number of examples is %d; the KL of the weights must be spread over the datapoints", o.Examples)
	case math.IsNaN(o.LogVariance) || math.Abs(o.LogVariance) > 50:
		return wrong("the logarithm of the variance starts at %v", o.LogVariance)
	case o.Prior < 0 || math.IsNaN(o.Prior) || math.IsInf(o.Prior, 0):
		return wrong("the prior's standard deviation is %v", o.Prior)
	case o.Sampling > Shared || o.Sampling != Local && o.Dropout.onInputs():
		return wrong("%v draws no weights", o.Dropout)
	}
	return nil
}

// VariationalGraph is a graph under noise on its weights. The weights of the source are the means, and share their tensors
// with it.
type VariationalGraph struct {
	// Graph is the sampling model: the source's inputs and then the noise.
	Graph *graph.Graph
	// Noise are the inputs that take standard normal numbers, Uniform those that take numbers uniform in [0, 1).
	Noise, Uniform []*graph.Value
	// KL is the divergence of the weights' posterior from the prior over the number of examples: a scalar in nats per
	// datapoint. It is nil where the kind has none. Up to a constant where the prior is log-uniform: 0 at alpha = 1 where alpha
	// is bounded by 1, and at alpha = infinity where it is not.
	KL *graph.Value
	// Params are the new weights: the noise rates and variances, with the values at which they start.
	Params []*graph.Value
	// Layers are the weights under noise, in the order of the nodes.
	Layers []*VariationalLayer

	source *graph.Graph
}

// VariationalLayer is a weight under noise.
type VariationalLayer struct {
	// Name is that of the weight.
	Name string
	// Weight is what the layer multiplies with.
	Weight *graph.Value
	// Alpha is the parameter of a learned rate, alpha = sigmoid(10 Alpha), and LogVariance that of a learned variance,
	// sigma^2 = exp(LogVariance). The one that the kind has not is nil.
	Alpha, LogVariance *graph.Value
	// KL is the divergence of the layer's weights, not spread over examples, or nil.
	KL *graph.Value

	logit *graph.Value // of alpha
}

// Variational rewrites the Gemm, MatMul, Conv and ConvTranspose nodes of a graph that multiply data with weights, so that the
// weights are random variables (or the data is multiplied with noise; see Dropout) and the noise is an input. Any graph will
// do, ours or imported; g itself stays as it is, and is the mean model.
//
// A weight's noise is drawn anew at each node that uses it, and its KL counts once. What is drawn are pre-activations: for
// y = op(x, w), op being linear in w, and w ~ N(mu, sigma^2) for each weight apart,
//
//	y ~ N(op(x, mu), op(x^2, sigma^2)).
func Variational(g *graph.Graph, o VariationalOptions) (*VariationalGraph, error) {
	c := g.Clone()
	v, err := rewrite(c, o, map[string]*tensor.Tensor{})
	if err != nil {
		return nil, err
	}
	v.source = g
	return v, nil
}

// Mean is the model at the means of its weights: the source itself.
func (v *VariationalGraph) Mean() *graph.Graph { return v.source }

// SamplingModel is the model whose noise is an input, without what only training needs: for export.
func (v *VariationalGraph) SamplingModel() *graph.Graph {
	g := v.Graph.Clone()
	graph.Prune(g)
	return g
}
