package main

import (
	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/tensor/npy"
	"github.com/elbo-ml/elbo/tensor/picture"
)

func (a *app) sampleCommand() *cobra.Command {
	var ef engineFlags
	var out string
	var force bool
	var n int
	var seed uint64
	cmd := &cobra.Command{
		Use:   "sample BUNDLE --out grid.png",
		Short: "Draw samples from a model",
		Long: `Sample draws z from the prior and writes E[x|z] as a grid of pictures (.png) or as an array (.npy). A sample is a
function of the bundle, the seed and its place: the same on either engine, however many are drawn.`,
		Example: `  elbo sample builtin:mnist -n 64 --seed 7 --out samples.png
  elbo sample vae.elbo -n 1000 --out x.npy`,
		Args: exactly("BUNDLE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if n < 1 {
				return usagef("-n must be at least 1, but is %d", n)
			}
			if err := checkPictureOut(out, force); err != nil {
				return err
			}
			v, err := ef.openModel(a, args[0])
			if err != nil {
				return err
			}
			defer v.Close()
			x, err := v.Sample(cmd.Context(), n, models.Seed(seed))
			if err != nil {
				return err
			}
			return a.writeImages(out, x, picture.Options{})
		},
	}
	ef.add(cmd, "auto")
	outFlags(cmd, &out, &force, "the file to write: .png or .npy")
	cmd.Flags().IntVarP(&n, "number", "n", 64, "how many to draw")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "seed of the samples")
	a.profiled(cmd)
	return cmd
}

func checkPictureOut(out string, force bool) error {
	if err := mustNotExist(out, force); err != nil {
		return err
	}
	return wantsExt(out, ".png", ".npy")
}

// writeImages writes x, [n, shape...] in [0,1], as its name's ending says.
func (a *app) writeImages(out string, x *tensor.Tensor, o picture.Options) error {
	var err error
	if hasExt(out, ".npy") {
		err = npy.Write(out, x)
	} else {
		err = picture.Write(out, x, o)
	}
	if err != nil {
		return err
	}
	return a.wrote(out, x.Shape())
}
