// Command iaf trains two VAEs of the same size on your images: one with a diagonal Gaussian posterior, and one whose
// posterior is made richer by four steps of inverse autoregressive flow. It prints the bound of both, and an
// importance-weighted estimate of log p(x), and writes the second as a bundle.
//
//	go run ./examples/iaf mnist/ iaf.elbo
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/models/flow"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: iaf DATA OUT")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, os.Args[1], os.Args[2], 10); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer, images, out string, epochs int) error {
	rows, err := data.Open(images, data.Options{})
	if err != nil {
		return err
	}
	defer rows.Close()
	steps, err := flow.Chain("iaf", 4, 64, nil) // a []flow.Flow: any steps, of any kind, in any order
	if err != nil {
		return err
	}
	for name, posterior := range map[string][]flow.Flow{"diagonal": nil, "iaf": steps} {
		vae, err := models.New(models.Config{Shape: rows.Shape(), Hidden: []int{200}, Latent: 16, Activation: "elu", Flow: posterior, Name: name})
		if err != nil {
			return err
		}
		defer vae.Close()
		o := train.Options{Epochs: epochs, Optimizer: train.AdaMax{}, Binarize: data.Dynamic}
		if _, err := train.Fit(ctx, vae, rows, o); err != nil {
			return err
		}
		e, err := models.Evaluate(ctx, vae, rows, models.EvalOptions{K: 32, Limit: 200, Binarize: data.Dynamic})
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s: bound %.2f, log p(x) about %.2f nats\n", name, e.ELBO, e.IWAE)
		if posterior == nil {
			continue
		}
		if err := vae.Save(out, models.SaveOptions{}); err != nil {
			return err
		}
	}
	return nil
}
