package models_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// Build a small VAE, train it on generated digits, and see the bound rise.
func Example() {
	ctx := context.Background()
	vae, err := models.New(models.Config{Shape: []int{28, 28}, Latent: 5, Hidden: []int{50}, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer vae.Close()
	digits, err := data.Open("glyphs:200", data.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer digits.Close()

	before, err := models.Evaluate(ctx, vae, digits, models.EvalOptions{})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := train.Fit(ctx, vae, digits, train.Options{Epochs: 5, Optimizer: train.Adam{LearningRate: 1e-2}, Seed: 1}); err != nil {
		log.Fatal(err)
	}
	after, err := models.Evaluate(ctx, vae, digits, models.EvalOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("rose by more than 200 nats:", after.ELBO > before.ELBO+200)
	// Output: rose by more than 200 nats: true
}

// A bundle goes to a file and comes back the same.
func ExampleVAE_Save() {
	vae, err := models.New(models.Config{Shape: []int{28, 28}, Name: "digits"})
	if err != nil {
		log.Fatal(err)
	}
	defer vae.Close()
	dir, err := os.MkdirTemp("", "elbo")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "digits.elbo")
	if err := vae.Save(path, models.SaveOptions{Recipe: map[string]string{"epochs": "0"}}); err != nil {
		log.Fatal(err)
	}
	again, err := models.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer again.Close()
	m := again.Manifest()
	fmt.Println(m.Name, m.Shape, m.Latent, m.Likelihood, m.Training)
	// Output: digits [28 28] 20 bernoulli map[epochs:0]
}

// The posterior of each row, its bound, and an estimate of log p(x).
func ExampleVAE_Encode() {
	ctx := context.Background()
	vae, err := models.New(models.Config{Shape: []int{28, 28}})
	if err != nil {
		log.Fatal(err)
	}
	defer vae.Close()
	images := tensor.New(tensor.Float32, 3, 28, 28)
	q, err := vae.Encode(ctx, images)
	if err != nil {
		log.Fatal(err)
	}
	score, err := vae.Score(ctx, images, models.ScoreOptions{})
	if err != nil {
		log.Fatal(err)
	}
	bound, err := vae.LogLikelihood(ctx, images, 10)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(q.Mean.Shape(), q.LogVar.Shape(), len(score.ELBO), len(bound))
	// Output: [3,20] [3,20] 3 3
}

// Row i of a seed is the same in any batch.
func ExampleVAE_Sample() {
	ctx := context.Background()
	vae, err := models.New(models.Config{Shape: []int{28, 28}})
	if err != nil {
		log.Fatal(err)
	}
	defer vae.Close()
	all, err := vae.Sample(ctx, 16, models.Seed(7))
	if err != nil {
		log.Fatal(err)
	}
	last, err := vae.Sample(ctx, 4, models.Seed(7), models.FirstRow(12))
	if err != nil {
		log.Fatal(err)
	}
	a, b := tensor.Data[float32](all.Rows(12, 16)), tensor.Data[float32](last)
	fmt.Println(all.Shape(), a[0]-b[0] < 1e-6)
	// Output: [16,28,28] true
}

// Writing a bound of one's own reads like the paper: Kingma and Welling, 2013, eq. 10.
func ExampleNormalKL() {
	g := graph.New("vae")
	x, eps := g.Input("x", "batch", 784), g.Input("eps", "batch", 20)
	h := g.Tanh(g.Dense("fc1", x, 500))
	mean, logvar := g.Dense("mean", h, 20), g.Dense("logvar", h, 20)
	z := models.Reparameterize(g, mean, logvar, eps)
	logits := g.Dense("logits", g.Tanh(g.Dense("fc2", z, 500)), 784)
	bound := g.Sub(models.BernoulliLogProb(g, x, logits), models.NormalKL(g, mean, logvar))
	fmt.Println(bound.Shape, g.Err())
	// Output: [batch] <nil>
}

// A pair of files from PyTorch becomes a model; what their names leave open is told with options.
func ExampleFromONNX() {
	vae, err := models.FromONNX("encoder.onnx", "decoder.onnx",
		models.WithRoles(map[string]string{"encoder.mean": "12", "encoder.logvar": "13"}))
	if err != nil {
		fmt.Println("these files are not here")
		return
	}
	defer vae.Close()
	// Output: these files are not here
}
