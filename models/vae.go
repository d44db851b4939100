package models

import (
	"context"
	"errors"

	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// Sentinel errors for what callers branch on.
var (
	// ErrInput: data that the model cannot take; the message names the row and what is wrong with it.
	ErrInput = errors.New("input does not fit the model")
	// ErrBundle: a bundle that cannot be read: damaged, incomplete, or of a version this elbo does not know.
	ErrBundle = errors.New("not a usable bundle")
	// ErrAmbiguous: FromONNX cannot tell the roles of inputs and outputs; the message lists the candidates.
	ErrAmbiguous = errors.New("roles are ambiguous")
	// ErrExists: the file or folder to write is already there.
	ErrExists = errors.New("already exists")
	// ErrClosed: the model has been closed.
	ErrClosed = errors.New("model is closed")
)

// VAE is a variational autoencoder. It is safe for concurrent use, except that training it (train.Fit) changes the
// weights under it.
type VAE struct {
	manifest Manifest
	settings settings
}

var _ train.Model = (*VAE)(nil)

// Posterior is q(z|x) = N(mean, exp(logvar)), one row per datapoint: [n, latent] each.
type Posterior struct{ Mean, LogVar *tensor.Tensor }

// ScoreOptions say how Score estimates the bound.
type ScoreOptions struct {
	// K is the number of samples of z per row; 0 means 1.
	K int
	// Seed and FirstRow pick the noise: row i uses the numbers of (Seed, FirstRow+i).
	Seed, FirstRow uint64
}

// Score holds one number per row, in nats. ELBO = Reconstruction - KL.
type Score struct {
	ELBO, Reconstruction, KL []float64
	// IWAE is the importance-weighted bound with K samples (Burda et al., 2015, eq. 8); nil when K is 1.
	IWAE []float64
	// UnitKL is the KL of each latent unit, summed over the rows.
	UnitKL []float64
}

var errNotReady = errors.New("models: not ready")

// Open opens a bundle: a folder, a single .elbo file, or builtin:mnist.
func Open(path string, opts ...Option) (*VAE, error) { return nil, errNotReady }

// FromONNX makes a model of an encoder and a decoder exported by another program, PyTorch for one.
func FromONNX(encoder, decoder string, opts ...Option) (*VAE, error) { return nil, errNotReady }

// New builds a VAE with freshly drawn weights.
func New(c Config, opts ...Option) (*VAE, error) { return nil, errNotReady }

// Manifest describes the model.
func (v *VAE) Manifest() Manifest { return v.manifest }

// Encode computes q(z|x) of each row of x: [n, row...], numbers in [0,1].
func (v *VAE) Encode(ctx context.Context, x *tensor.Tensor) (*Posterior, error) {
	return nil, errNotReady
}

// Decode computes E[x|z] of each row of z: [n, latent] to [n, row...].
func (v *VAE) Decode(ctx context.Context, z *tensor.Tensor) (*tensor.Tensor, error) {
	return nil, errNotReady
}

// Sample draws n rows: z from the prior, and E[x|z] of it.
func (v *VAE) Sample(ctx context.Context, n int, opts ...SampleOption) (*tensor.Tensor, error) {
	return nil, errNotReady
}

// Reconstruct decodes the posterior mean of each row of x, or, with Seed, a draw from the posterior.
func (v *VAE) Reconstruct(ctx context.Context, x *tensor.Tensor, opts ...SampleOption) (*tensor.Tensor, error) {
	return nil, errNotReady
}

// Score estimates the evidence lower bound of each row of x.
func (v *VAE) Score(ctx context.Context, x *tensor.Tensor, o ScoreOptions) (*Score, error) {
	return nil, errNotReady
}

// LogLikelihood estimates log p(x) of each row by the importance-weighted bound with k samples.
func (v *VAE) LogLikelihood(ctx context.Context, x *tensor.Tensor, k int, opts ...SampleOption) ([]float64, error) {
	return nil, errNotReady
}

// Objective builds the negative ELBO over the model's own weights.
func (v *VAE) Objective() (*train.Objective, error) { return nil, errNotReady }

// Updated tells the model that its weights have changed.
func (v *VAE) Updated() {}

// Save writes the model as a bundle: a single file when path ends in .elbo, else a folder.
func (v *VAE) Save(path string, o SaveOptions) error { return errNotReady }

// Close frees what the model holds. It may be called twice and waits for the runs in flight.
func (v *VAE) Close() error { return nil }
