package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/runtime/profile"
	"github.com/elbo-ml/elbo/tensor/atomicfile"
)

// profiled gives a command the flag --profile, which records what it does. A profile is written whatever comes of the
// command: of one that Ctrl-C ended too.
func (a *app) profiled(cmd *cobra.Command) {
	var out string
	cmd.Flags().StringVar(&out, "profile", "", "write a trace of where the time goes to this .json file, for chrome://tracing or ui.perfetto.dev")
	do := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !cmd.Flags().Changed("profile") {
			return do(cmd, args)
		}
		if err := canWrite("--profile", out, ".json"); err != nil {
			return err
		}
		r := profile.New()
		cmd.SetContext(profile.With(cmd.Context(), r))
		span := r.Begin(profile.Main, &profile.Work{Name: "elbo " + command(cmd), Family: "all else", Category: "elbo"})
		err := do(cmd, args)
		span.End()
		if err := errors.Join(err, atomicfile.Write(out, r.WriteTrace)); err != nil {
			return err
		}
		if a.quiet || a.json {
			return nil
		}
		if err := r.WriteTable(a.err); err != nil {
			return err
		}
		a.note("%s: the trace, for chrome://tracing or https://ui.perfetto.dev", out)
		return nil
	}
}

// canWrite refuses, before any work is done for it, the path of a file that a flag names and that cannot be written.
func canWrite(flag, path string, exts ...string) error {
	if !slices.ContainsFunc(exts, func(e string) bool { return hasExt(path, e) }) {
		return usagef("%s %s: the name must end in %s", flag, path, strings.Join(exts, " or "))
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s %s: there is something else of this name, which is no file", flag, path)
	}
	f, err := atomicfile.Create(path)
	if err != nil {
		var where *os.PathError
		if errors.As(err, &where) {
			err = where.Err
		}
		return fmt.Errorf("%s %s cannot be written: %w", flag, path, err)
	}
	f.Discard()
	return nil
}
