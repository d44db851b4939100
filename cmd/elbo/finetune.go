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
inputs, outputs and dynamic dimensions; what --freeze matches is the same to the bit.`,
		Example: `  elbo finetune builtin:mnist --data mine.npy --out mine.elbo --epochs 2
  elbo finetune vae.elbo --data photos/ --out new.elbo --freeze 'encoder/*' --lr 1e-4`,
		Args: exactly("BUNDLE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
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
	a.profiled(cmd)
	return cmd
}
