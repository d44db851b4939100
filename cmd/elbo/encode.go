package main

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/tensor/npy"
	"github.com/elbo-ml/elbo/train/data"
)

func (a *app) encodeCommand() *cobra.Command {
	var ef engineFlags
	var sf sourceFlags
	var out, logvarOut string
	var force bool
	var limit int
	cmd := &cobra.Command{
		Use:   "encode BUNDLE --data SRC --out z.npy",
		Short: "Write the posterior means of data as a .npy file",
		Long: `Encode writes one row of latent means per row of data: float32 [n, latent]; --logvar names a second
file for the log-variances.`,
		Example: `  elbo encode builtin:mnist --data mnist/ --out z.npy
  elbo encode vae.elbo --data photos/ --split train --out mean.npy --logvar logvar.npy`,
		Args: exactly("BUNDLE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := mustNotExist(out, force); err != nil {
				return err
			}
			if err := wantsExt(out, ".npy"); err != nil {
				return err
			}
			if limit < 0 {
				return usagef("--limit must not be negative, but is %d", limit)
			}
			if logvarOut != "" {
				if filepath.Clean(logvarOut) == filepath.Clean(out) {
					return usagef("--out and --logvar are both %s; name two files", out)
				}
				if err := mustNotExist(logvarOut, force); err != nil {
					return err
				}
			}
			v, src, err := openBoth(a, &ef, args[0], &sf)
			if err != nil {
				return err
			}
			defer v.Close()
			defer src.Close()
			n := rowsOf(src, limit)
			mean, logvar := tensor.New(tensor.Float32, n, v.Manifest().Latent), tensor.New(tensor.Float32, n, v.Manifest().Latent)
			if err := a.encode(cmd.Context(), v, src, n, mean, logvar); err != nil {
				return err
			}
			if err := npy.Write(out, mean); err != nil {
				return err
			}
			if logvarOut != "" {
				if err := npy.Write(logvarOut, logvar); err != nil {
					return err
				}
			}
			return a.wrote(out, mean.Shape())
		},
	}
	ef.add(cmd, "auto")
	sf.add(cmd, "test", "none")
	outFlags(cmd, &out, &force, "the .npy file to write")
	cmd.Flags().StringVar(&logvarOut, "logvar", "", "a second .npy file, for the log-variances")
	cmd.Flags().IntVar(&limit, "limit", 0, "use only the first rows; 0 means all")
	return cmd
}

// encode fills mean and logvar with the posteriors of the first n rows, minibatch by minibatch.
func (a *app) encode(ctx context.Context, v *models.VAE, src data.Source, n int, mean, logvar *tensor.Tensor) error {
	bar := newProgress(a.err)
	defer bar.end()
	return eachBatch(ctx, src, n, func(lo int, x *tensor.Tensor) error {
		q, err := v.Encode(ctx, x)
		if err != nil {
			return err
		}
		hi := lo + x.Shape()[0]
		copy(mean.Rows(lo, hi).Bytes(), q.Mean.Bytes())
		copy(logvar.Rows(lo, hi).Bytes(), q.LogVar.Bytes())
		if !a.quiet && !a.json {
			bar.update(hi, n, bar.rate(hi, "rows"), "encode")
		}
		return nil
	})
}
