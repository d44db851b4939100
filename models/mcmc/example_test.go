package mcmc_test

import (
	"context"
	"fmt"
	"log"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/models/mcmc"
	"github.com/elbo-ml/elbo/runtime"
)

// Estimate log p(x) of two digits: the encoder takes no part in it.
func ExampleAIS() {
	ctx := context.Background()
	vae, err := models.Open("builtin:mnist")
	if err != nil {
		log.Fatal(err)
	}
	defer vae.Close()
	x, err := vae.Sample(ctx, 2, models.Seed(7))
	if err != nil {
		log.Fatal(err)
	}
	target, err := mcmc.NewTarget(vae, runtime.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer target.Close()
	logProb, err := mcmc.AIS(ctx, target, x, mcmc.AISOptions{Chains: 4, Temperatures: 20})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(logProb), "estimates in nats")
	// Output: 2 estimates in nats
}
