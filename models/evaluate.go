package models

import (
	"context"

	"github.com/elbo-ml/elbo/train/data"
)

// EvalOptions say how Evaluate goes about it.
type EvalOptions struct {
	// K is the number of samples of z per row; 0 means 1.
	K int
	// Limit bounds the rows read; 0 means all.
	Limit int
	// Batch is the number of rows per run; 0 means 100.
	Batch int
	// Seed picks the noise of the estimate.
	Seed uint64
	// Progress, if set, is told after each batch the rows done and the rows in all, the mean ELBO so far, and the rows
	// done per second.
	Progress func(done, total int, elbo, rate float64)
}

// Evaluation is what Evaluate found: means over the rows, in nats per row. Its JSON is what `elbo eval --json` prints.
type Evaluation struct {
	ELBO           float64 `json:"elbo"`
	Reconstruction float64 `json:"reconstruction"`
	KL             float64 `json:"kl"`
	// ActiveUnits is the number of latent units whose KL, averaged over the rows, is above 0.01.
	ActiveUnits int `json:"active_units"`
	K           int `json:"k"`
	// IWAE is the importance-weighted bound with K samples; absent when K is 1.
	IWAE float64 `json:"iwae,omitempty"`
	// StdErr is the standard error of ELBO over the rows.
	StdErr  float64 `json:"elbo_stderr"`
	N       int     `json:"n"`
	Engine  string  `json:"engine"`
	Seconds float64 `json:"seconds"`
	// UnitKL is the KL of each latent unit, averaged over the rows.
	UnitKL []float64 `json:"unit_kl,omitempty"`
}

// Evaluate scores every row of src, streamed. Binarise the source first if the likelihood wants it.
func Evaluate(ctx context.Context, v *VAE, src data.Source, o EvalOptions) (*Evaluation, error) {
	return nil, errNotReady
}
