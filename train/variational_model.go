package train

import (
	"fmt"
	"maps"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// VariationalModel is a model with noise on its weights: train it in the model's place. The weights are the model's own, so
// that after training the model itself is the mean model; the rates and variances of the noise are kept here.
type VariationalModel struct {
	model   Model
	options VariationalOptions
	params  map[string]*tensor.Tensor
	graph   *VariationalGraph // of the newest objective
}

var _ Model = (*VariationalModel)(nil)

// WithDropout puts noise on the weights of a model.
func WithDropout(m Model, o VariationalOptions) (*VariationalModel, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Sampling == Shared {
		return nil, fmt.Errorf("train: variational: weights drawn once for a minibatch have noise without an axis for it, which Fit does not feed: %w", ErrOptions)
	}
	v := &VariationalModel{model: m, options: o, params: map[string]*tensor.Tensor{}}
	if _, err := v.Objective(); err != nil {
		return nil, err
	}
	return v, nil
}

// Objective is the model's under noise. The KL of the weights is part of its KL, scaled by the KL weight like the rest of it,
// and its term "kl_weights".
func (v *VariationalModel) Objective() (*Objective, error) {
	source, err := v.model.Objective()
	if err != nil {
		return nil, err
	}
	g, at := source.Graph.CloneMap()
	vg, err := rewrite(g, v.options, v.params)
	if err != nil {
		return nil, err
	}
	there := func(vs []*graph.Value) []*graph.Value {
		out := make([]*graph.Value, len(vs))
		for i, x := range vs {
			out[i] = at[x]
		}
		return out
	}
	o := &Objective{Graph: g, X: at[source.X], Loss: at[source.Loss], ELBO: at[source.ELBO], Reconstruction: at[source.Reconstruction], KL: at[source.KL],
		Terms: there(source.Terms), Stopped: there(source.Stopped), Noise: slices.Concat(there(source.Noise), vg.Noise), Uniform: slices.Concat(there(source.Uniform), vg.Uniform),
		Params: slices.Concat(there(source.Params), vg.Params), Running: in(at, source.Running)}
	for _, s := range source.Sides {
		s.X = at[s.X]
		o.Sides = append(o.Sides, s)
	}
	if source.KLWeight != nil {
		o.KLWeight = at[source.KLWeight]
	}
	if vg.KL != nil {
		addKL(o, vg.KL)
	}
	if err := g.Err(); err != nil {
		return nil, fmt.Errorf("train: variational: %w", err)
	}
	v.graph = vg
	return o, nil
}

// addKL adds the KL of the weights to an objective.
func addKL(o *Objective, kl *graph.Value) {
	g := o.Graph
	if o.KLWeight == nil {
		o.KLWeight = g.InputOf(kl.DType, g.Fresh("kl_weight"), graph.Shape{})
	}
	output(g, "kl_weights", kl)
	o.Terms = append(o.Terms, kl)
	o.KL = g.Add(o.KL, kl)
	o.ELBO = g.Sub(o.ELBO, kl)
	o.Loss = g.Add(o.Loss, g.Mul(o.KLWeight, kl))
}

// Updated tells the model that its weights have changed.
func (v *VariationalModel) Updated() { v.model.Updated() }

// Layers are the weights under noise.
func (v *VariationalModel) Layers() []*VariationalLayer { return v.graph.Layers }

// Params are the rates and variances of the noise, by name. They are those that training changes.
func (v *VariationalModel) Params() map[string]*tensor.Tensor { return maps.Clone(v.params) }

// Apply puts the noise, as it is now, on another graph that shares the model's weights under the same names, such as the
// classifier whose loss was trained: for sampling and export.
func (v *VariationalModel) Apply(g *graph.Graph) (*VariationalGraph, error) {
	c := g.Clone()
	vg, err := rewrite(c, v.options, v.params)
	if err != nil {
		return nil, err
	}
	vg.source = g
	return vg, nil
}

// Prune sets the weights whose log alpha reaches threshold to 0, in the model.
func (v *VariationalModel) Prune(threshold float64) ([]Sparsity, error) {
	layers, err := v.graph.Prune(threshold)
	if err == nil {
		v.model.Updated()
	}
	return layers, err
}
