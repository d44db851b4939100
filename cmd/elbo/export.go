package main

import (
	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/models"
)

func (a *app) exportCommand() *cobra.Command {
	var out string
	var force bool
	cmd := &cobra.Command{
		Use:   "export BUNDLE --out DIR",
		Short: "Write a bundle as a folder of ONNX files",
		Long: `Export writes encoder.onnx, decoder.onnx and elbo.json. The ONNX files run anywhere: dynamic batch, named inputs and
outputs, the training recipe in their metadata.`,
		Example: "  elbo export builtin:mnist --out mnist-onnx",
		Args:    exactly("BUNDLE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := mustNotExist(out, force); err != nil {
				return err
			}
			if hasExt(out, ".elbo") {
				return usagef("--out %s: export writes a folder, so give a name without .elbo", out)
			}
			v, err := models.Open(args[0])
			if err != nil {
				return err
			}
			defer v.Close()
			return a.save(v, out, force)
		},
	}
	outFlags(cmd, &out, &force, "the folder to write")
	return cmd
}
