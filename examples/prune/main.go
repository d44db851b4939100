// Command prune takes a classifier as PyTorch exports it, trains it further under sparse variational dropout, and writes it
// again without the weights that turned out to be noise.
//
//	go run ./examples/prune classifier.onnx mnist/ small.onnx
//
// The folder holds images and labels as MNIST's files do: train-images-idx3-ubyte, train-labels-idx1-ubyte.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: prune MODEL DATA OUT")
	}
	if err := run(context.Background(), os.Stdout, os.Args[1], os.Args[2], os.Args[3], 30); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer, model, folder, out string, epochs int) error {
	graph, err := importer.Load(model, importer.Options{})
	if err != nil {
		return err
	}
	classifier, err := train.NewClassifier(graph)
	if err != nil {
		return err
	}
	images, err := data.Open(folder, data.Options{})
	if err != nil {
		return err
	}
	defer images.Close()
	labels, err := data.OpenLabels(folder, data.Options{})
	if err != nil {
		return err
	}
	rows, err := data.WithLabels(images, labels, classifier.Classes())
	if err != nil {
		return err
	}

	// Every weight becomes N(theta, sigma^2), with sigma learned; the noise is on what the layers give.
	noisy, err := train.WithDropout(classifier, train.VariationalOptions{Dropout: train.SparseDropout, Examples: rows.Len()})
	if err != nil {
		return err
	}
	if _, err := train.Fit(ctx, noisy, rows, train.Options{Epochs: epochs, Optimizer: train.Adam{LearningRate: 3e-3}, Schedule: train.Linear{},
		KLWarmupEpochs: float64(epochs) / 4, Seed: 1}); err != nil {
		return err
	}

	// How sure is it of the first images? One call draws the weights a hundred times.
	sampling, err := noisy.Apply(graph)
	if err != nil {
		return err
	}
	first := tensor.New(tensor.Float32, append([]int{2, 1}, images.Shape()...)...)
	if err := images.Read(ctx, []int{0, 1}, tensor.Data[float32](first)); err != nil {
		return err
	}
	logits, err := sampling.Predict(ctx, []*tensor.Tensor{first}, train.PredictOptions{Seed: 1})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "logits of the first image %.2f, variance %.2f\n", logits[0].Mean.Rows(0, 1).Floats(), logits[0].Variance.Rows(0, 1).Floats())

	layers, err := noisy.Prune(train.Threshold)
	if err != nil {
		return err
	}
	for _, l := range layers {
		fmt.Fprintf(w, "%s: %d of %d weights are 0\n", l.Name, l.Zeros, l.Weights)
	}
	wrong, err := classifier.ErrorRate(ctx, nil, 0, rows)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "error %.2f %%, %.1f times fewer weights\n", 100*wrong, train.Compression(layers))
	return importer.Save(graph, out, importer.SaveOptions{Sparse: true})
}
