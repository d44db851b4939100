package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/train"
)

// dropoutFlags put noise on the weights that are trained.
type dropoutFlags struct {
	kind string
	rate float64
	per  string
	only []string
	// threshold is the log alpha from which sparse dropout prunes a weight.
	threshold float64
}

func (f *dropoutFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.kind, "dropout", "", "train under dropout: "+strings.Join(train.DropoutNames(), ", ")+"; sparse prunes the weights that are noise at the end")
	flags.Float64Var(&f.rate, "dropout-rate", 0.1, "probability p of dropout, below 1; a learned rate alpha starts at p/(1-p)")
	flags.StringVar(&f.per, "dropout-per", "layer", "what has a learned rate of its own: layer, unit or weight")
	flags.StringSliceVar(&f.only, "dropout-only", nil, "weights to put under dropout, by pattern: 'decoder/*' (default: all that are not frozen)")
	flags.Float64Var(&f.threshold, "dropout-threshold", train.Threshold, "log alpha from which sparse dropout prunes a weight: lower prunes more")
	fixed(cmd, "dropout", train.DropoutNames()...)
	fixed(cmd, "dropout-per", "layer", "unit", "weight")
}

// on is the model under the dropout that was asked for, or nil where none was. What is frozen is left without.
func (f *dropoutFlags) on(m train.Model, rows int, freeze []string) (*train.VariationalModel, error) {
	if f.kind == "" {
		return nil, nil
	}
	kind, err := train.ParseDropout(f.kind)
	if err != nil {
		return nil, usagef("--dropout is one of %s, not %q", strings.Join(train.DropoutNames(), ", "), f.kind)
	}
	per, err := train.ParsePer(f.per)
	if err != nil {
		return nil, usagef("--dropout-per is layer, unit or weight, not %q", f.per)
	}
	if f.threshold != train.Threshold && !f.sparse() || math.IsNaN(f.threshold) {
		return nil, usagef("--dropout-threshold is the log alpha from which --dropout sparse prunes, not of use to %s at %v", f.kind, f.threshold)
	}
	if !(f.rate > 0 && f.rate < 1) {
		return nil, usagef("--dropout-rate must be above 0 and below 1, but is %v", f.rate)
	}
	return train.WithDropout(m, train.VariationalOptions{Dropout: kind, Rate: f.rate, Per: per, Only: f.only, Except: freeze, Examples: rows})
}

// sparse reports whether weights are pruned at the end.
func (f *dropoutFlags) sparse() bool { return f.kind == train.SparseDropout.String() }

// prune sets the weights to 0 that sparse dropout found to be noise.
func (f *dropoutFlags) prune(a *app, m *train.VariationalModel) error {
	if m == nil || !f.sparse() {
		return nil
	}
	layers, err := m.Prune(f.threshold)
	if err != nil {
		return err
	}
	for _, l := range layers {
		a.note("%s: %d of %d weights are 0", l.Name, l.Zeros, l.Weights)
	}
	a.note("%.1f times fewer weights", train.Compression(layers))
	return nil
}

// recipe adds what a bundle's metadata says about dropout.
func (f *dropoutFlags) recipe(to map[string]string) {
	if f.kind != "" {
		to["dropout"], to["dropout_rate"], to["dropout_per"] = f.kind, fmt.Sprint(f.rate), f.per
	}
}
