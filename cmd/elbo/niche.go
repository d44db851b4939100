package main

import "github.com/spf13/cobra"

// niche is where flags have an effect: somewhere else they are a mistake, and a run without what was asked for would hide it.
type niche struct {
	flags []string
	here  bool
	says  string // what they are of
}

// misplaced reports a flag that was given where it has no effect.
func misplaced(cmd *cobra.Command, places ...niche) error {
	for _, p := range places {
		for _, name := range p.flags {
			if !p.here && cmd.Flags().Changed(name) {
				return usagef("--%s has no effect here: it is of %s", name, p.says)
			}
		}
	}
	return nil
}
