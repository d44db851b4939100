// Command sample draws digits from the built-in model, or from another bundle, and writes them as a grid of pictures.
//
//	go run ./examples/sample -n 64 -seed 7 -out digits.png
package main

import (
	"context"
	"flag"
	"log"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/tensor/picture"
)

func main() {
	bundle := flag.String("model", "builtin:mnist", "the `bundle` to sample from")
	n := flag.Int("n", 64, "how many to draw")
	seed := flag.Uint64("seed", 7, "the same seed draws the same digits")
	out := flag.String("out", "digits.png", "the PNG `file` to write")
	flag.Parse()
	if err := run(context.Background(), *bundle, *n, *seed, *out); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, bundle string, n int, seed uint64, out string) error {
	vae, err := models.Open(bundle)
	if err != nil {
		return err
	}
	defer vae.Close()
	// E[x|z] for z from the prior: numbers in [0,1], [n, 28, 28] here.
	digits, err := vae.Sample(ctx, n, models.Seed(seed))
	if err != nil {
		return err
	}
	return picture.Write(out, digits, picture.Options{})
}
