package train_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// BenchmarkFit is the whole step of the 784-500-20 VAE at batch 100: reading, noise, gradients, guard and Adam.
func BenchmarkFit(b *testing.B) {
	r, p := rand.New(rand.NewPCG(1, 2)), make([]float32, 1000*784)
	for i := range p {
		p[i] = float32(r.IntN(2))
	}
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("%dthreads", threads), func(b *testing.B) {
			vae, err := models.New(models.Config{Shape: []int{784}, Hidden: []int{500}, Latent: 20, Seed: 1})
			if err != nil {
				b.Fatal(err)
			}
			defer vae.Close()
			b.ResetTimer()
			_, err = train.Fit(context.Background(), vae, pixels{p}, train.Options{
				Engine: native.New(), Threads: threads, Optimizer: train.Adam{}, MaxSteps: b.N, Batch: 100, Seed: 1,
			})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}

// pixels are random black and white images, held in memory.
type pixels struct{ p []float32 }

var _ data.Source = pixels{}

func (r pixels) Len() int     { return len(r.p) / 784 }
func (r pixels) Shape() []int { return []int{784} }
func (r pixels) Name() string { return "random pixels" }
func (r pixels) Close() error { return nil }

func (r pixels) Read(_ context.Context, index []int, dst []float32) error {
	for i, row := range index {
		copy(dst[i*784:(i+1)*784], r.p[row*784:])
	}
	return nil
}
