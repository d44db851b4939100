// Command finetune adapts a model to your own images, a .npy array of [n, 28, 28] with bytes or numbers in [0,1], and
// writes the result as a bundle.
//
//	go run ./examples/finetune builtin:mnist mine.npy mine.elbo
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: finetune BUNDLE DATA OUT")
	}
	// Ctrl-C stops between two steps.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, os.Args[1], os.Args[2], os.Args[3], 5); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer, bundle, images, out string, epochs int) error {
	vae, err := models.Open(bundle)
	if err != nil {
		return err
	}
	defer vae.Close()
	rows, err := data.Open(images, data.Options{})
	if err != nil {
		return err
	}
	defer rows.Close()
	_, err = train.Fit(ctx, vae, rows, train.Options{
		Epochs:    epochs,
		Optimizer: train.Adam{LearningRate: 1e-3},
		// The digits stay what they were; only how they are recognised changes. Leave it out to train everything.
		Freeze: []string{"decoder/*"},
		Progress: func(p train.Progress) {
			fmt.Fprintf(w, "step %d of %d: ELBO %.2f\n", p.Step, p.Steps, p.ELBO)
		},
	})
	if err != nil {
		return err
	}
	return vae.Save(out, models.SaveOptions{})
}
