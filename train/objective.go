// Package train fits models: gradients as graphs, optimisers, the loop, checkpoints.
//
// Fit is where to start. It minimises the objective of any Model, such as a VAE of package models, over the rows of a
// data.Source, and changes the model's own weights. NewClassifier makes a Model of a graph, WithDropout one with random
// weights; for a model of your own, write its Objective. Gradients alone gives the gradients as nodes.
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
	// Graph's inputs are X, the Noise, the Uniform noise and (if there is one) KLWeight. Its weights share their tensors
	// with the model, so that updating them updates the model. Nothing in it draws random numbers.
	Graph *graph.Graph
	// Loss is the scalar to minimise: the minibatch mean of -(reconstruction - KLWeight * kl), in nats per datapoint.
	Loss *graph.Value
	// ELBO, Reconstruction and KL are scalars: minibatch means in nats per datapoint, ELBO = Reconstruction - KL.
	ELBO, Reconstruction, KL *graph.Value
	// Terms are further scalars, of one real number each, that are reported apart under their names: the KL of each latent
	// group, a classifier's loss.
	Terms []*graph.Value
	// Stopped are values that the gradient of Loss takes for constants: the sample that a sleep phase learns from, the
	// weights of importance samples.
	Stopped []*graph.Value
	// LatentKL are those of KL and Terms that are the KL of a layer of latent variables: the report warns of a layer that
	// collapses to its prior.
	LatentKL []*graph.Value
	// X is the input that takes the minibatch: [batch, row...].
	X *graph.Value
	// Noise are the inputs that take standard normal numbers, and Uniform those that take numbers uniform in [0, 1):
	// [batch, ...], or with a side's axis in the place of the batch's.
	Noise, Uniform []*graph.Value
	// Sides are further streams of minibatches that each step takes besides X.
	Sides []Side
	// KLWeight is a scalar input that scales the KL term in Loss (1 = the ELBO), or nil.
	KLWeight *graph.Value
	// Params are the weights that may be trained, under the names that Options.Freeze matches ("decoder/fc1.weight").
	Params []*graph.Value
	// Running are weights that no gradient moves and each step gives the next value of: the running statistics of
	// BatchNormalization. Options.Freeze keeps them too.
	Running []graph.Statistic
}

// Side is a stream of minibatches of its own: the labelled datapoints beside the unlabelled ones of X. Its order is a
// function of the seed and the step, and it goes through its data again and again, whatever an epoch of X is.
type Side struct {
	// X is the input that takes the minibatch, [name, row...], where the name is not that of another stream's axis: noise
	// inputs with that axis get as many rows.
	X *graph.Value
	// Data are its rows, binarised as those of X are, and Batch how many of them a step takes.
	Data  data.Source
	Batch int
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
	if err := rowsFit(obj.X, d); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	for i, s := range obj.Sides {
		if err := s.check(); err != nil {
			return fmt.Errorf("train: side %d: %w", i, err)
		}
	}
	if obj.KLWeight == nil && (o.KLWarmup > 0 || o.KLWarmupEpochs > 0 || o.KLWeight > 0 && o.KLWeight != 1) {
		return fmt.Errorf("train: the model's objective has no KL weight, so neither KL warm-up nor a weight can be set: %w", ErrOptions)
	}
	return nil
}

// rowsFit holds the rows of a source against the input that takes them.
func rowsFit(x *graph.Value, d data.Source) error {
	row, known := x.Shape[min(1, len(x.Shape)):].Known()
	if known && tensor.Shape(row).Size() != tensor.Shape(d.Shape()).Size() {
		return fmt.Errorf("the model takes rows of %v, %s has rows of %v: %w", tensor.Shape(row), d.Name(), tensor.Shape(d.Shape()), tensor.ErrShape)
	}
	return nil
}

func (s Side) check() error {
	switch {
	case s.Data == nil || s.Data.Len() < 1:
		return data.ErrEmpty
	case s.Batch < 1 || s.Batch > s.Data.Len():
		return fmt.Errorf("a batch of %d, want 1 to the %d rows of %s: %w", s.Batch, s.Data.Len(), s.Data.Name(), ErrOptions)
	}
	return rowsFit(s.X, s.Data)
}

// batchOf is the number of rows of a step in an input of noise: those of the stream whose axis it has.
func (obj *Objective) batchOf(v *graph.Value, batch int) int {
	for _, s := range obj.Sides {
		if v.Rank() > 0 && v.Shape[0].Equal(s.X.Shape[0]) {
			return s.Batch
		}
	}
	return batch
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
	for i, v := range obj.Uniform {
		parts[fmt.Sprintf("uniform noise %d", i)] = v
	}
	for i, v := range obj.Stopped {
		parts[fmt.Sprintf("stopped value %d", i)] = v
	}
	for i, v := range obj.Terms {
		parts[fmt.Sprintf("term %d", i)] = v
	}
	for i, s := range obj.Sides {
		parts[fmt.Sprintf("side %d", i)] = s.X
	}
	for i, s := range obj.Running {
		parts[fmt.Sprintf("running statistic %d", i)], parts[fmt.Sprintf("running statistic %d's next value", i)] = s.Weight, s.Next
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

// scalars are the numbers that a step measures, and what they are called: the loss, the three of the bound, the terms.
func (obj *Objective) scalars() (values []*graph.Value, names []string) {
	values = append([]*graph.Value{obj.Loss, obj.ELBO, obj.Reconstruction, obj.KL}, obj.Terms...)
	names = []string{"loss", "elbo", "reconstruction", "kl"}
	for _, v := range obj.Terms {
		names = append(names, v.Name)
	}
	return values, names
}

// param is the parameter called name.
func (obj *Objective) param(name string) *graph.Value {
	i := slices.IndexFunc(obj.Params, func(v *graph.Value) bool { return v.Name == name })
	return obj.Params[i]
}
