package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/elbo-ml/elbo/bench/side"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/engines"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// elbo is train.Fit itself: reading the minibatch, drawing the noise, loss and gradients on the engine, the check for
// NaN, Adam. Fit reports after each step, and is held there between bursts.
func elbo(engine string, threads int) side.Side {
	name := map[string]string{"native": "elbo, native engine", "ort": "elbo, ONNX Runtime"}[engine]
	return side.Side{Name: name, Threads: threads, Open: func() (side.Burst, func(), error) {
		e, err := engines.Open(engine, engines.Options{})
		if errors.Is(err, runtime.ErrUnavailable) {
			return nil, nil, fmt.Errorf("%w: %w", side.ErrSkip, err)
		}
		if err != nil {
			return nil, nil, err
		}
		vae, err := models.New(models.Config{Shape: []int{784}, Hidden: []int{500}, Latent: 20, Seed: 1})
		if err != nil {
			return nil, nil, err
		}
		ctx, cancel := context.WithCancel(context.Background())
		steps, failed := make(chan struct{}), make(chan error, 1)
		go func() {
			_, err := train.Fit(ctx, vae, newRows(1000), train.Options{
				Engine: e, Threads: threads, Optimizer: train.Adam{LearningRate: 1e-3}, Epochs: 1 << 20, Batch: batch, LogEvery: 1,
				Progress: func(train.Progress) {
					select {
					case steps <- struct{}{}:
					case <-ctx.Done():
					}
				},
			})
			failed <- err
		}()
		burst := func(n int) (time.Duration, error) {
			start := time.Now()
			for range n {
				select {
				case <-steps:
				case err := <-failed:
					return 0, err
				}
			}
			return time.Since(start), nil
		}
		return burst, func() { cancel(); <-failed; vae.Close() }, nil
	}}
}

// rows are random black and white images, held in memory.
type rows struct{ pixels []float32 }

func newRows(n int) rows {
	r, p := rand.New(rand.NewPCG(1, 2)), make([]float32, n*784)
	for i := range p {
		p[i] = float32(r.IntN(2))
	}
	return rows{p}
}

var _ data.Source = rows{}

func (r rows) Len() int     { return len(r.pixels) / 784 }
func (r rows) Shape() []int { return []int{784} }
func (r rows) Name() string { return "random pixels" }
func (r rows) Close() error { return nil }

func (r rows) Read(_ context.Context, index []int, dst []float32) error {
	for i, row := range index {
		copy(dst[i*784:(i+1)*784], r.pixels[row*784:])
	}
	return nil
}
