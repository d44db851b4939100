// Command semisupervised learns digits from 100 labels and thousands of images without (Kingma et al., 2014): an M1 finds
// features, an M2 of the features learns the classes. Digits are drawn from the Go fonts, so nothing is downloaded.
//
//	go run ./examples/semisupervised m1m2.elbo
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/models/ssl"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: semisupervised OUT")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, "glyphs:10000?size=20", os.Args[1], 10); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer, src, out string, epochs int) error {
	images, err := data.Open(src, data.Options{})
	if err != nil {
		return err
	}
	defer images.Close()
	truth, err := data.OpenLabels(src, data.Options{})
	if err != nil {
		return err
	}
	// Of all labels the models see 10 of each digit.
	picked, _, err := data.Balanced(truth, 10, 100, 1)
	if err != nil {
		return err
	}
	labels := make([]int, len(truth))
	for i := range labels {
		labels[i] = data.Unlabelled
	}
	for _, row := range picked {
		labels[row] = truth[row]
	}

	// M1 learns from the images alone.
	m1, err := models.New(models.Config{Shape: images.Shape(), Latent: 16, Hidden: []int{256}, Activation: "relu", Seed: 1})
	if err != nil {
		return err
	}
	defer m1.Close()
	o := train.Options{Epochs: epochs, Batch: 50, Seed: 1, Optimizer: train.Adam{LearningRate: 2e-3}, Schedule: train.Cosine{}}
	if _, err := train.Fit(ctx, m1, images, o); err != nil {
		return err
	}

	// M2 learns from M1's features of all images, and from the labels.
	keep, err := ssl.Active(ctx, m1, images)
	if err != nil {
		return err
	}
	m2, err := ssl.Stack(m1, keep, ssl.Config{Classes: 10, Latent: 8, Hidden: []int{128}, Activation: "relu", Seed: 1})
	if err != nil {
		return err
	}
	defer m2.Close()
	report, err := ssl.Fit(ctx, m2, images, labels, ssl.Options{Options: o, LabelledBatch: 50})
	if err != nil {
		return err
	}
	for _, t := range report.Terms {
		fmt.Fprintf(w, "%-17s %8.3f\n", t.Name, t.Mean)
	}

	// Digits that neither has seen.
	test, err := data.Open(src, data.Options{Split: data.Test})
	if err != nil {
		return err
	}
	defer test.Close()
	digits, err := data.OpenLabels(src, data.Options{Split: data.Test})
	if err != nil {
		return err
	}
	e, err := m2.Evaluate(ctx, test, digits, 0, 0)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%.1f %% of %d test images are told wrong\n", e.Error, e.N)
	return m2.Save(out, models.SaveOptions{})
}
