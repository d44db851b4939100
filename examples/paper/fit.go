package main

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// fit makes steps of Adam. The program takes x, eps and the weights, and gives the bound and the weights' gradients.
// (train.Fit does this and more: checkpoints, schedules, clipping, a watch for NaN.)
func fit(ctx context.Context, w io.Writer, program runtime.Program, weights []*tensor.Tensor, steps int) error {
	const batch = 100
	digits, err := data.Open("glyphs:5000", data.Options{})
	if err != nil {
		return err
	}
	defer digits.Close()
	loader, err := data.NewLoader(ctx, digits, data.LoaderOptions{Batch: batch, Seed: 1})
	if err != nil {
		return err
	}
	defer loader.Close()

	adam, moments := train.Adam{LearningRate: 1e-3}, make([][][]float32, len(weights))
	for i, p := range weights {
		moments[i] = [][]float32{make([]float32, p.Len()), make([]float32, p.Len())}
	}
	eps, noise := tensor.New(tensor.Float32, batch, 20), runtime.Noise{Seed: 1}
	out := make([]*tensor.Tensor, 1+len(weights)) // made by the first run, written again by the others
	for t := 1; t <= steps; t++ {
		minibatch, err := loader.Next(ctx)
		if err != nil {
			return err
		}
		x, err := minibatch.X.Reshape(batch, 28*28)
		if err != nil {
			return err
		}
		for i := range batch {
			noise.Normal(uint64(t*batch+i), tensor.Data[float32](eps)[i*20:(i+1)*20])
		}
		if err := program.Run(ctx, append([]*tensor.Tensor{x, eps}, weights...), out); err != nil {
			return err
		}
		for i, p := range weights {
			adam.Update32(t, adam.Rate(), tensor.Data[float32](p), tensor.Data[float32](out[1+i]), moments[i])
		}
		if t%50 == 0 {
			fmt.Fprintf(w, "step %d: ELBO %.2f nats per image\n", t, tensor.Data[float32](out[0])[0])
		}
	}
	return nil
}

// initialise draws the weights of each layer from N(0, 1/fan_in).
func initialise() func(name string, fanIn int, shape ...int) *tensor.Tensor {
	noise := runtime.Noise{Seed: 2}
	return func(_ string, fanIn int, shape ...int) *tensor.Tensor {
		t := tensor.New(tensor.Float32, shape...)
		noise.Stream++
		noise.Normal(0, tensor.Data[float32](t))
		for i := range tensor.Data[float32](t) {
			tensor.Data[float32](t)[i] /= float32(math.Sqrt(float64(fanIn)))
		}
		return t
	}
}
