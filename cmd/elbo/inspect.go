package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/models"
)

func (a *app) inspectCommand() *cobra.Command {
	var weights, plan, step bool
	var batch int
	cmd := &cobra.Command{
		Use:   "inspect FILE.onnx|BUNDLE",
		Short: "Show what a model file holds",
		Long: `Inspect shows in one screen what a model is: which parts look like an encoder, a decoder, a prior, a flow; which
engines run it, whether it trains, and what blocks either; what goes in and out; where noise is drawn; what the exporter
did that bears on training; its operators. --json has all of it, names in full.

With --plan it shows instead what the native engine does for minibatches of --batch rows, step by step: operators and
what they are fused with, operands, arithmetic, bytes, and the place of each result in the arena.`,
		Example: `  elbo inspect encoder.onnx
  elbo inspect builtin:mnist --weights
  elbo inspect builtin:mnist --plan --batch 100 --train`,
		Args: exactly("FILE.onnx|BUNDLE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !plan && (step || cmd.Flags().Changed("batch")) {
				return usagef("--batch and --train go with --plan")
			}
			if batch < 1 {
				return usagef("--batch must be at least 1, but is %d", batch)
			}
			if plan {
				return a.showPlans(args[0], batch, step)
			}
			if hasExt(args[0], ".onnx") {
				g, err := importer.Load(args[0], importer.Options{Partial: true})
				if err != nil {
					return err
				}
				return a.showInspection(inspect(args[0], g), weights)
			}
			return a.inspectBundle(args[0], weights)
		},
	}
	cmd.Flags().BoolVar(&weights, "weights", false, "list every weight with its shape")
	cmd.Flags().BoolVar(&plan, "plan", false, "show what the native engine does, step by step")
	cmd.Flags().IntVar(&batch, "batch", 100, "rows of a minibatch, for --plan")
	cmd.Flags().BoolVar(&step, "train", false, "with --plan, show the training step of a bundle too")
	return cmd
}

// inspectBundle shows the manifest and each part.
func (a *app) inspectBundle(bundle string, weights bool) error {
	b, err := models.OpenBundle(bundle)
	if err != nil {
		return err
	}
	parts := map[string]inspection{}
	for name, g := range b.Graphs {
		parts[name] = inspect(name, g)
	}
	if a.json {
		return a.emit(map[string]any{"manifest": b.Manifest, "parts": parts})
	}
	a.printManifest(bundle, b.Manifest)
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		fmt.Fprintln(a.out)
		if err := a.showInspection(parts[name], weights); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printManifest(out string, m models.Manifest) {
	fmt.Fprintf(a.out, "%s: %s, p(x|z) %s, rows %v, %d latent units\n", out, m.Kind, m.Likelihood, m.Shape, m.Latent)
	keys := make([]string, 0, len(m.Training))
	for k := range m.Training {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		fmt.Fprintf(a.out, "  %-16s %s\n", k, m.Training[k])
	}
}
