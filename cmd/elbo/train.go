package main

import (
	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/models/ssl"
)

func (a *app) trainCommand() *cobra.Command {
	var f fitFlags
	var semi semiFlags
	var deep deepFlags
	var model, likelihood, activation string
	var latent, components int
	var hidden []int
	cmd := &cobra.Command{
		Use:   "train --data SRC --out FILE",
		Short: "Train a VAE and write it as a bundle",
		Long: `Train fits a variational autoencoder to the data by maximising the ELBO, and writes the trained encoder and decoder
as a bundle of ONNX files. The same seed gives the same weights, bit for bit, for any number of threads on the native
engine. Ctrl-C writes a checkpoint; --resume goes on from it as if nothing had happened.`,
		Example: `  elbo train --data mnist/ --out mnist.elbo --epochs 10
  elbo train --data photos/ --out photos.elbo --model conv --likelihood gaussian --binarize none
  elbo train --data mnist/ --out iaf.elbo --flow iaf --flow-steps 4 --prior vampprior
  elbo train --data mnist/ --out iwae.elbo --objective iwae --k 5
  elbo train --data glyphs: --out glyphs.elbo --epochs 2 --json
  elbo train --data mnist/ --labels mnist/ --labelled 100 --m1 m1.elbo --out m1m2.elbo --epochs 50`,
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
			c := models.Config{
				Body: body(model), Latent: latent, Hidden: hidden,
				Likelihood: models.Likelihood(likelihood), Components: components, Activation: activation, Seed: f.seed,
			}
			if err := deep.set(&c); err != nil {
				return err
			}
			if err := semi.check(cmd, &f, &model); err != nil {
				return err
			}
			vae := model != "m2"
			if err := misplaced(cmd, append(deep.niches(vae), f.boundFlags.niche(vae),
				niche{[]string{"components"}, vae && likelihood == string(models.LogisticMixture), "a VAE with --likelihood logistic_mixture"},
				niche{[]string{"latent"}, len(deep.layers) == 0, "one stochastic layer; --latent-layers has the units of each"},
				niche{[]string{"likelihood"}, semi.m1 == "", "models of pixels; that of an --m1's features is Gaussian"})...); err != nil {
				return err
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
			if model == "m2" {
				return semi.train(cmd, a, &f, src, o, ssl.Config{Shape: src.Shape(), Latent: latent, Hidden: hidden, Likelihood: models.Likelihood(likelihood),
					Activation: activation, Seed: f.seed})
			}
			c.Shape = src.Shape()
			v, err := models.New(c, models.WithEngine(o.Engine), models.WithThreads(f.threads), models.WithProvider(f.provider))
			if err != nil {
				return err
			}
			defer v.Close()
			return f.fit(cmd.Context(), a, v, src, o)
		},
	}
	f.add(cmd, 10)
	semi.add(cmd)
	deep.add(cmd)
	cmd.Flags().StringVar(&model, "model", "vae", "the model: vae (dense layers), conv (convolutions), resnet (residual blocks) or m2 (semi-supervised)")
	cmd.Flags().IntVar(&latent, "latent", 20, "latent units")
	cmd.Flags().IntSliceVar(&hidden, "hidden", nil, "units of each hidden layer, or channels of each convolution (default 500; 32,64 for conv; 16,32,32 for resnet)")
	cmd.Flags().StringVar(&likelihood, "likelihood", "bernoulli", "p(x|z): bernoulli, gaussian, discretized_logistic or logistic_mixture")
	cmd.Flags().IntVar(&components, "components", 0, "components of a logistic_mixture (default 5)")
	cmd.Flags().StringVar(&activation, "activation", "", "tanh, softplus, relu, elu, leakyrelu, selu, softsign or sigmoid (default tanh, and elu for resnet)")
	fixed(cmd, "model", "vae", "conv", "resnet", "m2")
	fixed(cmd, "activation", "tanh", "softplus", "relu", "elu", "leakyrelu", "selu", "softsign", "sigmoid")
	fixed(cmd, "likelihood", "bernoulli", "gaussian", "discretized_logistic", "logistic_mixture")
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
