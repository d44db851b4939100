package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/runtime/ort"
)

func (a *app) ortCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ort",
		Short: "Find or install the ONNX Runtime library",
		Long: `ONNX Runtime is the second engine. elbo looks for its library in ELBO_ORT_LIB, in elbo's cache folder, in
onnxruntime_go's module and on the system, in this order; without it everything runs on the native engine.`,
		Args: subcommand,
		RunE: func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.ortStatus(), a.ortInstall())
	return cmd
}

func (a *app) ortStatus() *cobra.Command {
	return &cobra.Command{
		Use:     "status",
		Short:   "Show where the library was looked for and what was found",
		Example: "  elbo ort status",
		Args:    none,
		RunE: func(cmd *cobra.Command, args []string) error {
			s := ort.Status()
			if a.json {
				return a.emit(s)
			}
			return a.printORT(s)
		},
	}
}

// printORT shows the places where the library was looked for, in order, and what the one that started offers.
func (a *app) printORT(s ort.Report) error {
	if s.Library == "" {
		fmt.Fprintln(a.out, "ONNX Runtime is not used; models run on the native engine. Where no place has it, \"elbo ort install\" gets it.")
	} else {
		fmt.Fprintf(a.out, "ONNX Runtime %s from %s\n", s.Version, s.Library)
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, p := range s.Places {
		what := p.Problem
		switch {
		case what == "" && p.Path == s.Library:
			what = "in use"
		case what == "":
			what = "not tried"
		}
		fmt.Fprintf(w, "place\t%s\t%s\t%s\n", p.Origin, p.Path, what)
	}
	for _, p := range s.Providers {
		what := "starts"
		if p.Problem != "" {
			what = p.Problem
		}
		fmt.Fprintf(w, "provider\t%s\t\t%s\n", p.Name, what)
	}
	return w.Flush()
}

func (a *app) ortInstall() *cobra.Command {
	var o ort.InstallOptions
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Install the ONNX Runtime library into elbo's cache folder",
		Long: `Install gets the library with the npm client from the package onnxruntime-node, whose checksum is pinned, or takes it
from a local file: the package's .tgz or the library itself.`,
		Example: `  elbo ort install
  elbo ort install --from onnxruntime-node-1.30.0.tgz`,
		Args: none,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Progress = func(text string) { a.note("%s", text) }
			lib, err := ort.Install(cmd.Context(), o)
			if err != nil {
				return err
			}
			if a.json {
				return a.emit(map[string]string{"library": lib, "version": ort.Version})
			}
			if !a.quiet {
				fmt.Fprintln(a.out, lib)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&o.From, "from", "", "a local .tgz of the package, or the library itself")
	return cmd
}
