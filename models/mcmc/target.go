// Package mcmc samples from the posterior p(z|x) of a trained model by Markov chains, and estimates log p(x) with them:
// Hamiltonian Monte Carlo, annealed importance sampling, the marginal-likelihood estimator of Kingma and Welling (arXiv
// 1312.6114, appendix D), and Monte Carlo EM, which trains a decoder without an encoder. They need nothing of a model but
// log p(x|z) and its gradient, and take the prior to be N(0, I).
package mcmc

import (
	"context"
	"errors"
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// Sentinel errors for what callers branch on.
var (
	// ErrInput: data that the model cannot take, or options that nothing can be done with.
	ErrInput = errors.New("input does not fit")
	// ErrNotFinite: log p(x|z) or its gradient is NaN or infinite where a chain starts.
	ErrNotFinite = errors.New("not finite")
)

// Target is log p(x|z) of a model and its gradient with respect to z. It reads the model's weights anew at each run. It is
// safe for concurrent use, except that training the model changes the weights under it.
type Target struct {
	program     runtime.Program
	weights     []*tensor.Tensor
	row, latent int // numbers in a row of x and of z
	xRow        []int
}

// NewTarget is the target of a VAE, on the engine that the VAE runs on.
func NewTarget(v *models.VAE, o runtime.Options) (*Target, error) {
	g, err := likelihoodOf(v)
	if err != nil {
		return nil, err
	}
	return FromGraph(g, v.Engine(), o)
}

// likelihoodOf is the graph of x, z -> log p(x|z) over the model's weights.
func likelihoodOf(v *models.VAE) (*graph.Graph, error) {
	if m := v.Manifest(); m.Kind != "vae" || m.Prior.Kind != "" && m.Prior.Kind != models.StandardPrior {
		return nil, fmt.Errorf("mcmc: the model is a %s with a %s prior; chains are there for a vae whose prior is N(0, I): %w", m.Kind, m.Prior.Kind, ErrInput)
	}
	graphs, err := v.Graphs()
	if err != nil {
		return nil, fmt.Errorf("mcmc: %w", err)
	}
	for _, g := range graphs {
		if g.Part == "likelihood" {
			return g.Graph, nil
		}
	}
	return nil, fmt.Errorf("mcmc: the model has no graph of its likelihood: %w", ErrInput)
}

// FromGraph is the target of a graph with inputs x [batch, row...] and z [batch, latent] and the output log p(x|z) [batch],
// all in float32. The graph stays as it is; its weights are shared.
func FromGraph(likelihood *graph.Graph, e runtime.Engine, o runtime.Options) (*Target, error) {
	if len(likelihood.Inputs) != 2 || len(likelihood.Outputs) != 1 {
		return nil, fmt.Errorf("mcmc: the graph has %d inputs and %d outputs, want x and z, and log p(x|z): %w", len(likelihood.Inputs), len(likelihood.Outputs), ErrInput)
	}
	g := likelihood.Clone()
	x, z, logProb := g.Inputs[0], g.Inputs[1], g.Outputs[0]
	t := &Target{}
	var err error
	if t.xRow, err = rowOf(x); err != nil {
		return nil, err
	}
	zRow, err := rowOf(z)
	if err != nil {
		return nil, err
	}
	if len(zRow) != 1 || len(logProb.Shape) != 1 || logProb.DType != tensor.Float32 {
		return nil, fmt.Errorf("mcmc: the graph takes z as %v and gives %v, want [batch, latent] and a number a row: %w", z, logProb, ErrInput)
	}
	t.row, t.latent = tensor.Shape(t.xRow).Size(), zRow[0]
	grads, err := train.Gradients(g, g.ReduceSum(logProb, false), []*graph.Value{z})
	if err != nil {
		return nil, fmt.Errorf("mcmc: %w", err)
	}
	g.Output("dz", grads[0])
	if t.weights, err = weightsToInputs(g); err != nil {
		return nil, err
	}
	if err := g.Err(); err != nil {
		return nil, fmt.Errorf("mcmc: %w", err)
	}
	if t.program, err = e.Compile(g, o); err != nil {
		return nil, fmt.Errorf("mcmc: %w", err)
	}
	return t, nil
}

// rowOf is the shape of a row of v.
func rowOf(v *graph.Value) ([]int, error) {
	if v.DType == tensor.Float32 && len(v.Shape) > 1 {
		if row, known := v.Shape[1:].Known(); known {
			return row, nil
		}
	}
	return nil, fmt.Errorf("mcmc: the input %v is not rows of float32 of one known shape: %w", v, ErrInput)
}

// weightsToInputs makes the real weights of g inputs, and gives their tensors in the order of the inputs.
func weightsToInputs(g *graph.Graph) ([]*tensor.Tensor, error) {
	var values []*graph.Value
	var tensors []*tensor.Tensor
	for _, w := range g.Weights {
		if w.DType == tensor.Float32 {
			values, tensors = append(values, w), append(tensors, w.Data)
		}
	}
	if err := g.WeightsToInputs(values...); err != nil {
		return nil, fmt.Errorf("mcmc: %w", err)
	}
	return tensors, nil
}

// Latent is the number of latent units.
func (t *Target) Latent() int { return t.latent }

// Close frees the program. It may be called twice.
func (t *Target) Close() error { return t.program.Close() }

// At computes log p(x|z) of each row, and its gradient: x [n, row...], z and dz [n, latent], logProb [n].
func (t *Target) At(ctx context.Context, x, z, logProb, dz *tensor.Tensor) error {
	in := append([]*tensor.Tensor{x, z}, t.weights...)
	return t.program.Run(ctx, in, []*tensor.Tensor{logProb, dz})
}

// rows views x as rows that the model takes.
func (t *Target) rows(x *tensor.Tensor) (*tensor.Tensor, error) {
	if x == nil || x.DType() != tensor.Float32 || len(x.Shape()) < 2 || x.Shape()[0] < 1 || x.Shape()[1:].Size() != t.row {
		return nil, fmt.Errorf("mcmc: x is not rows of %d float32s (%v): %w", t.row, tensor.Shape(t.xRow), ErrInput)
	}
	return x.Reshape(append([]int{x.Shape()[0]}, t.xRow...)...)
}
