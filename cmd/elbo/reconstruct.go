package main

import (
	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/tensor/picture"
)

func (a *app) reconstructCommand() *cobra.Command {
	var ef engineFlags
	var sf sourceFlags
	var out string
	var force bool
	var n int
	cmd := &cobra.Command{
		Use:   "reconstruct BUNDLE --data SRC --out grid.png",
		Short: "Show data beside its reconstructions",
		Long: `Reconstruct encodes the first rows of the data and decodes the posterior means. A .png holds each row of originals above
their reconstructions; a .npy holds the reconstructions.`,
		Example: "  elbo reconstruct builtin:mnist --data mnist/ --out reconstructions.png",
		Args:    exactly("BUNDLE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if n < 1 {
				return usagef("-n must be at least 1, but is %d", n)
			}
			if err := checkPictureOut(out, force); err != nil {
				return err
			}
			v, src, err := openBoth(a, &ef, args[0], &sf)
			if err != nil {
				return err
			}
			defer v.Close()
			defer src.Close()
			n := rowsOf(src, n)
			shape := append([]int{n}, src.Shape()...)
			x, y := tensor.New(tensor.Float32, shape...), tensor.New(tensor.Float32, shape...)
			err = eachBatch(cmd.Context(), src, n, func(lo int, part *tensor.Tensor) error {
				r, err := v.Reconstruct(cmd.Context(), part)
				if err != nil {
					return err
				}
				hi := lo + part.Shape()[0]
				copy(x.Rows(lo, hi).Bytes(), part.Bytes())
				copy(y.Rows(lo, hi).Bytes(), r.Bytes())
				return nil
			})
			if err != nil {
				return err
			}
			if hasExt(out, ".npy") {
				return a.writeImages(out, y, picture.Options{})
			}
			return a.writeImages(out, interleave(x, y, 8), picture.Options{Columns: 8})
		},
	}
	ef.add(cmd, "auto")
	sf.add(cmd, "test", "none")
	outFlags(cmd, &out, &force, "the file to write: .png or .npy")
	cmd.Flags().IntVarP(&n, "number", "n", 32, "how many rows of the data")
	return cmd
}

// interleave puts each run of width rows of x before the same rows of y, so that a grid of that width shows them one
// above the other. A last short run is padded with zeros.
func interleave(x, y *tensor.Tensor, width int) *tensor.Tensor {
	n := x.Shape()[0]
	runs := (n + width - 1) / width
	out := tensor.New(tensor.Float32, append([]int{2 * runs * width}, x.Shape()[1:]...)...)
	for r := range runs {
		lo, hi := r*width, min(n, (r+1)*width)
		at := 2 * r * width
		copy(out.Rows(at, at+hi-lo).Bytes(), x.Rows(lo, hi).Bytes())
		copy(out.Rows(at+width, at+width+hi-lo).Bytes(), y.Rows(lo, hi).Bytes())
	}
	return out
}
