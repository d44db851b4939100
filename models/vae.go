package models

import (
	"errors"
	"sync"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models/layer"
	"github.com/elbo-ml/elbo/runtime"
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
	engine   runtime.Engine
	// parts are all graphs by name; the encoder and the decoder are two of them, and latents what there is between.
	parts            map[string]*part
	encoder, decoder *part
	latents          latents
	// params are the decoder's values that the likelihood takes; prob stands for them where a Bernoulli decoder gives
	// probabilities whose logits cannot be found.
	params []*graph.Value
	prob   *graph.Value
	// shape is what the programs of the posterior give.
	shape struct {
		features, layers int
		unitKL           bool
	}
	// normalised are the layers that Initialise sets.
	normalised []layer.Normalised
	// xRow and zRow are the shapes of a row as the graphs take it; the manifest's may fold axes.
	xRow, zRow []int
	// pastRow is that of the x that an autoregressive decoder reads, and pixelNoise the rows of noise of the program pixels;
	// nil for other decoders.
	pastRow    []int
	pixelNoise [][]int

	mu       sync.RWMutex // held for reading by runs, for writing by what ends programs
	closed   bool
	compile  sync.Mutex // guards programs among runs
	programs [kinds]runtime.Program
}

var _ train.Model = (*VAE)(nil)

// Posterior is q(z|x) = N(mean, exp(logvar)), one row per datapoint: [n, latent] each. Where a flow follows the Gaussian, or
// there are several stochastic layers, Mean is the draw by noise of zeros, and LogVar of the Gaussians on its way.
type Posterior struct{ Mean, LogVar *tensor.Tensor }

// Manifest describes the model.
func (v *VAE) Manifest() Manifest { return v.manifest.clone() }

// Engine is the engine that the model runs on.
func (v *VAE) Engine() runtime.Engine { return v.engine }

// Updated tells the model that its weights have changed: programs are compiled anew when next used. It waits for the runs
// in flight.
func (v *VAE) Updated() {
	v.mu.Lock()
	defer v.mu.Unlock()
	_ = v.drop() // what a program's Close reports is of no use to the program that replaces it
}

// Close frees what the model holds. It may be called twice and waits for the runs in flight.
func (v *VAE) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
	return v.drop()
}

func (v *VAE) drop() error {
	var errs []error
	for k, p := range v.programs {
		if p != nil {
			errs = append(errs, p.Close())
			v.programs[k] = nil
		}
	}
	return errors.Join(errs...)
}
