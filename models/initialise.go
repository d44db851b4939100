package models

import (
	"context"
	"fmt"

	"github.com/elbo-ml/elbo/models/layer"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// Initialise sets gain and bias of the layers with weight normalisation by a minibatch x [n, row...] of the training data,
// so that what they give starts with mean 0 and variance 1 (Salimans and Kingma, 2016, section 3). A model without such
// layers, or one that was not made by New, stays as it is. The noise is drawn by seed.
func (v *VAE) Initialise(ctx context.Context, x *tensor.Tensor, seed uint64) error {
	if len(v.normalised) == 0 {
		return nil
	}
	x, err := v.images(x)
	if err != nil {
		return err
	}
	o, err := v.Objective()
	if err != nil {
		return err
	}
	eps := tensor.New(tensor.Float32, x.Shape()[0], v.manifest.Latent)
	draw(eps, runtime.Noise{Seed: seed, Stream: streamPosterior}, 0, 1)
	in := []*tensor.Tensor{x, eps, tensor.Scalar(float32(1))}
	if err := layer.Initialise(ctx, v.engine, v.settings.run, o.Graph, in, v.normalised); err != nil {
		return fmt.Errorf("models: initialise: %w", err)
	}
	v.Updated()
	return nil
}
