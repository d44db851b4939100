// Command importonnx takes an encoder and a decoder as PyTorch exports them, scores images by them and keeps the pair as
// a bundle. docs/onnx.md has the recipe of the export.
//
//	go run ./examples/importonnx encoder.onnx decoder.onnx images.npy vae.elbo
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/train/data"
)

func main() {
	if len(os.Args) != 5 {
		log.Fatal("usage: importonnx ENCODER DECODER IMAGES OUT")
	}
	if err := run(context.Background(), os.Stdout, os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer, encoder, decoder, images, out string) error {
	// Which output is the mean and which the log-variance is told by names and shapes; where they leave it open, the
	// error says what to add (models.WithRoles, models.WithLikelihood, models.WithShape).
	vae, err := models.FromONNX(encoder, decoder)
	if err != nil {
		return err
	}
	defer vae.Close()
	rows, err := data.Open(images, data.Options{})
	if err != nil {
		return err
	}
	defer rows.Close()
	e, err := models.Evaluate(ctx, vae, rows, models.EvalOptions{K: 10, Binarize: data.Dynamic, Seed: 1})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s: ELBO %.2f nats per image (reconstruction %.2f, KL %.2f, %d active units)\n",
		vae.Manifest().Likelihood, e.ELBO, e.Reconstruction, e.KL, e.ActiveUnits)
	fmt.Fprintf(w, "log p(x) is at least %.2f by %d importance samples\n", e.IWAE, e.K)
	return vae.Save(out, models.SaveOptions{})
}
