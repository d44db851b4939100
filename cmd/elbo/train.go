package main

import (
	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/models"
)

func (a *app) trainCommand() *cobra.Command {
	var f fitFlags
	var model, likelihood, activation string
	var latent int
	var hidden []int
	cmd := &cobra.Command{
		Use:   "train --data SRC --out FILE",
		Short: "Train a VAE and write it as a bundle",
		Long: `Train fits a variational autoencoder to the data by maximising the ELBO, and writes the trained encoder and decoder
as a bundle of ONNX files. The same seed gives the same weights, bit for bit, for any number of threads on the native
engine. Ctrl-C writes a checkpoint; --resume goes on from it as if nothing had happened.`,
		Example: `  elbo train --data mnist/ --out mnist.elbo --epochs 10
  elbo train --data photos/ --out photos.elbo --model conv --likelihood gaussian --binarize none
  elbo train --data glyphs: --out glyphs.elbo --epochs 2 --json`,
		Args: none,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			if latent < 1 {
				return usagef("--latent must be at least 1, but is %d", latent)
			}
			for _, units := range hidden {
				if units < 1 {
					return usagef("--hidden must be at least 1 in each layer, but is %d", units)
				}
			}
			src, err := f.sourceFlags.open(a)
			if err != nil {
				return err
			}
			defer src.Close()
			o, err := f.options(a)
			if err != nil {
				return err
			}
			v, err := models.New(models.Config{
				Body: body(model), Shape: src.Shape(), Latent: latent, Hidden: hidden,
				Likelihood: models.Likelihood(likelihood), Activation: activation, Seed: f.seed,
			}, models.WithEngine(o.Engine), models.WithThreads(f.threads), models.WithProvider(f.provider))
			if err != nil {
				return err
			}
			defer v.Close()
			return f.fit(cmd.Context(), a, v, src, o)
		},
	}
	f.add(cmd, 10)
	cmd.Flags().StringVar(&model, "model", "vae", "the model: vae (dense layers) or conv (convolutions)")
	cmd.Flags().IntVar(&latent, "latent", 20, "latent units")
	cmd.Flags().IntSliceVar(&hidden, "hidden", nil, "units of each hidden layer, or channels of each convolution (default 500, or 32,64 for conv)")
	cmd.Flags().StringVar(&likelihood, "likelihood", "bernoulli", "p(x|z): bernoulli, gaussian or discretized_logistic")
	cmd.Flags().StringVar(&activation, "activation", "tanh", "tanh, softplus, relu, elu, leakyrelu, selu, softsign or sigmoid")
	fixed(cmd, "model", "vae", "conv")
	fixed(cmd, "activation", "tanh", "softplus", "relu", "elu", "leakyrelu", "selu", "softsign", "sigmoid")
	fixed(cmd, "likelihood", "bernoulli", "gaussian", "discretized_logistic")
	a.profiled(cmd)
	return cmd
}

// body is the models package's name for --model.
func body(model string) string {
	if model == "vae" {
		return "dense"
	}
	return model
}
