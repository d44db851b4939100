// Command train trains a VAE in twenty lines, on digits drawn from the Go fonts, tells how good it is, and saves it.
//
//	go run ./examples/train
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

func main() {
	if err := run(context.Background(), os.Stdout, "glyphs:", 3, "digits.elbo"); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer, source string, epochs int, out string) error {
	digits, err := data.Open(source, data.Options{}) // or a folder of MNIST, of pictures, a .npy file
	if err != nil {
		return err
	}
	defer digits.Close()
	vae, err := models.New(models.Config{Shape: digits.Shape(), Hidden: []int{200}, Latent: 10, Seed: 1})
	if err != nil {
		return err
	}
	defer vae.Close()
	report, err := train.Fit(ctx, vae, digits, train.Options{Epochs: epochs, Seed: 1, Binarize: data.Dynamic})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "ELBO %.2f nats an image, %.0f images a second\n", report.ELBO, report.ImagesPerSecond)
	return vae.Save(out, models.SaveOptions{Force: true})
}
