package data_test

import (
	"context"
	"fmt"
	"log"

	"github.com/elbo-ml/elbo/train/data"
)

func ExampleOpen() {
	digits, err := data.Open("glyphs:1000?size=28&seed=1", data.Options{Split: data.Test})
	if err != nil {
		log.Fatal(err)
	}
	defer digits.Close()
	fmt.Println(digits.Name())
	// Output: glyphs test seed 1 (1000 x 28x28)
}

func ExampleNewLoader() {
	ctx := context.Background()
	digits, err := data.Open("glyphs:1000", data.Options{})
	if err != nil {
		log.Fatal(err)
	}
	black, err := data.NewBinarized(digits, data.Dynamic, 1)
	if err != nil {
		log.Fatal(err)
	}
	defer black.Close()

	// Start at step 7 of a run: the minibatches are those that a run from the start would see there.
	loader, err := data.NewLoader(ctx, black, data.LoaderOptions{Batch: 128, Seed: 1, Step: 7})
	if err != nil {
		log.Fatal(err)
	}
	defer loader.Close()
	batch, err := loader.Next(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(batch.X, "step", batch.Step, "of epoch", batch.Epoch)
	// Output: float32[128,28,28] step 7 of epoch 1
}
