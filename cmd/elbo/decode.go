package main

import (
	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/tensor/npy"
	"github.com/elbo-ml/elbo/tensor/picture"
)

func (a *app) decodeCommand() *cobra.Command {
	var ef engineFlags
	var out string
	var force bool
	cmd := &cobra.Command{
		Use:   "decode BUNDLE z.npy --out x.npy",
		Short: "Decode latents from a .npy file",
		Long:  "Decode writes E[x|z] for each row of z, as an array (.npy) or as a grid of pictures (.png).",
		Example: `  elbo decode builtin:mnist z.npy --out x.npy
  elbo decode builtin:mnist z.npy --out grid.png`,
		Args: exactly("BUNDLE", "z.npy"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkPictureOut(out, force); err != nil {
				return err
			}
			z, err := npy.Read(args[1])
			if err != nil {
				return err
			}
			v, err := ef.openModel(a, args[0])
			if err != nil {
				return err
			}
			defer v.Close()
			x, err := v.Decode(cmd.Context(), z)
			if err != nil {
				return err
			}
			return a.writeImages(out, x, picture.Options{})
		},
	}
	ef.add(cmd, "auto")
	outFlags(cmd, &out, &force, "the file to write: .npy or .png")
	a.profiled(cmd)
	return cmd
}
