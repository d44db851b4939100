package main

import (
	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/models"
)

func (a *app) finetuneCommand() *cobra.Command {
	var f fitFlags
	cmd := &cobra.Command{
		Use:   "finetune BUNDLE --data SRC --out FILE",
		Short: "Train a model further on your own data",
		Long: `Finetune goes on training a bundle, whether elbo trained it or it was imported from PyTorch. The result has the same
inputs, outputs and dynamic dimensions; what --freeze matches is the same to the bit.

With --dropout the weights are trained under noise: binary or Gaussian dropout, variational dropout, whose rates are learned,
or sparse variational dropout, after which the weights that turned out to be noise are 0 and the graphs are stored sparse.`,
		Example: `  elbo finetune builtin:mnist --data mine.npy --out mine.elbo --epochs 2
  elbo finetune vae.elbo --data photos/ --out new.elbo --freeze 'encoder/*' --lr 1e-4
  elbo finetune vae.elbo --data mine.npy --out small.elbo --dropout sparse --kl-warmup 2 --epochs 20`,
		Args: exactly("BUNDLE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			if err := misplaced(cmd, niche{[]string{"dropout-rate", "dropout-per", "dropout-only", "dropout-threshold"}, f.dropout.kind != "", "a training under --dropout"}); err != nil {
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
			v, err := models.Open(args[0], models.WithEngine(o.Engine), models.WithThreads(f.threads), models.WithProvider(f.provider))
			if err != nil {
				return err
			}
			defer v.Close()
			return f.fit(cmd.Context(), a, v, src, o)
		},
	}
	f.add(cmd, 2)
	f.dropout.add(cmd)
	a.profiled(cmd)
	return cmd
}
