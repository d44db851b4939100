package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/engines"
	"github.com/elbo-ml/elbo/tensor"
)

func (a *app) verifyCommand() *cobra.Command {
	var ef engineFlags
	var tolerance float64
	var rows int
	cmd := &cobra.Command{
		Use:   "verify BUNDLE",
		Short: "Hold the two engines against each other on a model",
		Long: `Verify runs the native engine and ONNX Runtime on the same inputs and shows the largest relative difference per output.
It fails when one passes the tolerance.`,
		Example: "  elbo verify builtin:mnist",
		Args:    exactly("BUNDLE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !(tolerance > 0) || rows < 1 {
				return usagef("--tolerance must be positive and -n at least 1; they are %v and %d", tolerance, rows)
			}
			var both []runtime.Engine
			for _, o := range []struct{ name, provider string }{{"native", "cpu"}, {"ort", ef.provider}} {
				engine, err := engines.Open(o.name, engines.Options{Provider: o.provider})
				if err != nil {
					return fmt.Errorf("verify needs both engines: %w", err)
				}
				both = append(both, engine)
			}
			differences, err := verified(cmd.Context(), args[0], both, ef.threads, models.VerifyOptions{Rows: rows})
			if err != nil {
				return err
			}
			if a.json {
				if err := a.emit(map[string]any{"tolerance": tolerance, "differences": differences}); err != nil {
					return err
				}
			}
			for _, d := range differences {
				if !a.json && !a.quiet {
					fmt.Fprintf(a.out, "%-10s %-13s %-10v largest relative difference %.2e\n", d.Part, d.Output, tensor.Shape(d.Shape), d.Difference)
				}
			}
			for _, d := range differences {
				if !(d.Difference <= tolerance) {
					return fmt.Errorf("%s of the %s differs by %.2e between the engines, more than %.0e", d.Output, d.Part, d.Difference, tolerance)
				}
			}
			return nil
		},
	}
	ef.add(cmd, "auto")
	cmd.Flags().Float64Var(&tolerance, "tolerance", models.Tolerance, "the largest relative difference that passes")
	cmd.Flags().IntVarP(&rows, "number", "n", 64, "rows of input to try")
	return cmd
}

// verified holds two engines against each other on a bundle of any kind.
func verified(ctx context.Context, bundle string, both []runtime.Engine, threads int, o models.VerifyOptions) ([]models.Difference, error) {
	b, err := models.OpenBundle(bundle)
	if err != nil {
		return nil, err
	}
	if b.Manifest.Kind != models.KindVAE {
		return models.VerifyBundle(ctx, b, both[0], both[1], o)
	}
	v, err := models.Open(bundle, models.WithEngine(both[0]), models.WithThreads(threads))
	if err != nil {
		return nil, err
	}
	defer v.Close()
	return models.Verify(ctx, v, both[0], both[1], o)
}
