package ssl_test

import (
	"context"
	"fmt"
	"log"

	"github.com/elbo-ml/elbo/models/ssl"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// An M2 learns digits from 30 labels and 570 images without.
func Example() {
	ctx := context.Background()
	const src = "glyphs:600?size=12"
	images, err := data.Open(src, data.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer images.Close()
	truth, err := data.OpenLabels(src, data.Options{})
	if err != nil {
		log.Fatal(err)
	}
	labels := make([]int, len(truth))
	for i := range labels {
		labels[i] = data.Unlabelled
	}
	picked, _, err := data.Balanced(truth, 10, 30, 1)
	if err != nil {
		log.Fatal(err)
	}
	for _, row := range picked {
		labels[row] = truth[row]
	}

	m, err := ssl.New(ssl.Config{Shape: images.Shape(), Classes: 10, Latent: 8, Hidden: []int{64}, Activation: "relu", Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	_, err = ssl.Fit(ctx, m, images, labels, ssl.Options{
		Options:       train.Options{Epochs: 8, Batch: 19, Seed: 1, Binarize: data.Dynamic, Optimizer: train.Adam{LearningRate: 3e-3}},
		LabelledBatch: 30,
	})
	if err != nil {
		log.Fatal(err)
	}
	e, err := m.Evaluate(ctx, images, truth, 0, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(e.N, "images, better than by chance:", e.Error < 80)
	// Output: 600 images, better than by chance: true
}
