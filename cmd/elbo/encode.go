package main

import (
	"context"
	"errors"
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
			shape := tensor.Shape{n, v.Manifest().Latent}
			err = npy.WriteRows(out, tensor.Float32, shape, func(mean func(*tensor.Tensor) error) error {
				if logvarOut == "" {
					return a.encode(cmd.Context(), v, src, n, mean, func(*tensor.Tensor) error { return nil })
				}
				return npy.WriteRows(logvarOut, tensor.Float32, shape, func(logvar func(*tensor.Tensor) error) error {
					return a.encode(cmd.Context(), v, src, n, mean, logvar)
				})
			})
			if err != nil {
				return err
			}
			return a.wrote(out, shape)
		},
	}
	ef.add(cmd, "auto")
	sf.add(cmd, "test", "none")
	outFlags(cmd, &out, &force, "the .npy file to write")
	cmd.Flags().StringVar(&logvarOut, "logvar", "", "a second .npy file, for the log-variances")
	cmd.Flags().IntVar(&limit, "limit", 0, "use only the first rows; 0 means all")
	a.profiled(cmd)
	return cmd
}

// encode hands the posteriors of the first n rows to mean and logvar, minibatch by minibatch.
func (a *app) encode(ctx context.Context, v *models.VAE, src data.Source, n int, mean, logvar func(*tensor.Tensor) error) error {
	bar := newProgress(a.err)
	defer bar.end()
	return eachBatch(ctx, src, n, func(lo int, x *tensor.Tensor) error {
		q, err := v.Encode(ctx, x)
		if err != nil {
			return err
		}
		if err := errors.Join(mean(q.Mean), logvar(q.LogVar)); err != nil {
			return err
		}
		if done := lo + x.Shape()[0]; !a.quiet && !a.json {
			bar.update(done, n, bar.rate(done, "rows"), "encode")
		}
		return nil
	})
}
