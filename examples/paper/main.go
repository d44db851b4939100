// Command paper writes the VAE of Kingma and Welling (arXiv 1312.6114) formula by formula, has it differentiated, and
// trains it with Adam on digits drawn from the Go fonts.
//
//	go run ./examples/paper
package main

import (
	"context"
	"io"
	"log"
	"os"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

func main() {
	if err := run(context.Background(), os.Stdout, 500); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer, steps int) error {
	g := graph.New("vae")
	g.Init = initialise()
	x, eps := g.Input("x", "batch", 28*28), g.Input("eps", "batch", 20)
	h := g.Tanh(g.Dense("hidden", x, 200))
	mean, logvar := g.Dense("mean", h, 20), g.Dense("logvar", h, 20)
	z := g.Add(mean, g.Mul(g.Exp(g.Half(logvar)), eps))
	logits := g.Dense("logits", g.Tanh(g.Dense("decode", z, 200)), 28*28)
	// Eq. (10): the KL term in closed form, the reconstruction by one sample of z.
	bound := g.ReduceMean(g.Sub(models.BernoulliLogProb(g, x, logits), models.NormalKL(g, mean, logvar)), false)

	// The gradients are nodes of the same graph, so one program computes them with the bound.
	params, weights := slices.Clone(g.Weights), []*tensor.Tensor{}
	for _, p := range params {
		weights = append(weights, p.Data)
	}
	grads, err := train.Gradients(g, g.Neg(bound), params)
	if err != nil {
		return err
	}
	g.Output("bound", bound)
	for i, d := range grads {
		g.Output("gradient:"+params[i].Name, d)
	}
	// As inputs the weights are read anew in each run, and may change between two.
	if err := g.WeightsToInputs(params...); err != nil {
		return err
	}
	program, err := native.New().Compile(g, runtime.Options{})
	if err != nil {
		return err
	}
	defer program.Close()
	return fit(ctx, w, program, weights, steps)
}
