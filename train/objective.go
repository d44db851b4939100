// Package train fits models: gradients as graphs, optimisers, the loop, checkpoints.
package train

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train/data"
)

// Objective is what Fit minimises, as a graph.
type Objective struct {
	// Graph's inputs are X, the Noise and (if there is one) KLWeight. Its weights share their tensors with the model,
	// so that updating them updates the model. Nothing in it draws random numbers.
	Graph *graph.Graph
	// Loss is the scalar to minimise: the minibatch mean of -(reconstruction - KLWeight * kl), in nats per datapoint.
	Loss *graph.Value
	// ELBO, Reconstruction and KL are scalars: minibatch means in nats per datapoint, ELBO = Reconstruction - KL.
	ELBO, Reconstruction, KL *graph.Value
	// X is the input that takes the minibatch: [batch, row...].
	X *graph.Value
	// Noise are the inputs that take standard normal numbers: [batch, ...].
	Noise []*graph.Value
	// KLWeight is a scalar input that scales the KL term in Loss (1 = the ELBO), or nil.
	KLWeight *graph.Value
	// Params are the weights that may be trained, under the names that Options.Freeze matches ("decoder/fc1.weight").
	Params []*graph.Value
}

// Model is what Fit trains.
type Model interface {
	// Objective builds the training objective over the model's own weight tensors.
	Objective() (*Objective, error)
	// Updated tells the model that its weights have changed, so that compiled programs are made anew.
	Updated()
}

// check holds the objective against the data and the options.
func (obj *Objective) check(d data.Source, o Options) error {
	if err := obj.whole(); err != nil {
		return err
	}
	holder := map[*tensor.Tensor]string{}
	for _, v := range obj.Params {
		if name, held := holder[v.Data]; held {
			return fmt.Errorf("train: the parameters %q and %q hold one tensor: let them be one value of the graph", name, v.Name)
		}
		holder[v.Data] = v.Name
		if !v.IsWeight() || v.DType != tensor.Float32 && v.DType != tensor.Float64 {
			return fmt.Errorf("train: parameter %v is not a weight of float32 or float64", v)
		}
	}
	row, known := obj.X.Shape[min(1, len(obj.X.Shape)):].Known()
	if known && tensor.Shape(row).Size() != tensor.Shape(d.Shape()).Size() {
		return fmt.Errorf("train: the model takes rows of %v, %s has rows of %v: %w", tensor.Shape(row), d.Name(), tensor.Shape(d.Shape()), tensor.ErrShape)
	}
	if obj.KLWeight == nil && (o.KLWarmup > 0 || o.KLWarmupEpochs > 0 || o.KLWeight > 0 && o.KLWeight != 1) {
		return fmt.Errorf("train: the model's objective has no KL weight, so neither KL warm-up nor a weight can be set: %w", ErrOptions)
	}
	return nil
}

// whole reports a part of the objective that is missing or no value of its graph.
func (obj *Objective) whole() error {
	if obj.Graph == nil {
		return errors.New("train: the objective has no graph")
	}
	parts := map[string]*graph.Value{"loss": obj.Loss, "ELBO": obj.ELBO, "reconstruction": obj.Reconstruction, "KL": obj.KL, "X": obj.X}
	for i, v := range obj.Noise {
		parts[fmt.Sprintf("noise %d", i)] = v
	}
	for i, v := range obj.Params {
		parts[fmt.Sprintf("parameter %d", i)] = v
	}
	if obj.KLWeight != nil {
		parts["KL weight"] = obj.KLWeight
	}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if v := parts[name]; v == nil || obj.Graph.Value(v.Name) != v {
			return fmt.Errorf("train: the objective's %s is missing or not a value of its graph", name)
		}
	}
	return nil
}

// param is the parameter called name.
func (obj *Objective) param(name string) *graph.Value {
	i := slices.IndexFunc(obj.Params, func(v *graph.Value) bool { return v.Name == name })
	return obj.Params[i]
}
