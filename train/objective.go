// Package train fits models: gradients as graphs, optimisers, the loop, checkpoints.
package train

import "github.com/elbo-ml/elbo/graph"

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
