package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// app is what every command shares: where it reads and writes, and the flags they have in common.
type app struct {
	in       io.Reader
	out, err io.Writer
	json     bool
	quiet    bool
}

// run is main without the process: it returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errw io.Writer) int {
	results := &keptError{w: out}
	a := &app{in: in, out: results, err: errw}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(results)
	root.SetErr(errw)
	addCompletion(root)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = results.err
	}
	code := exitCode(err)
	if err != nil {
		fmt.Fprintf(errw, "elbo: %s%s\n", oneLine(err), advice(err))
	}
	return code
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "elbo",
		Short: "Variational autoencoders in Go, from and to ONNX",
		Long: `elbo loads variational autoencoders from ONNX, evaluates, samples and serves them, and trains and fine-tunes them
where they run.

A BUNDLE is a folder, a .elbo file, or builtin:mnist, a small VAE that comes with elbo.
A SRC of data is a folder of IDX files (MNIST), a .npy or .npz file, a folder of PNG or JPEG images, or glyphs:,
digits drawn from the Go fonts, which need no download.`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,

		PersistentPreRunE: checkChoices,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("there is no command %q%s", args[0], didYouMean(cmd, args[0]))
			}
			return cmd.Help()
		},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		var value *pflag.InvalidValueError
		if errors.As(err, &value) {
			err = fmt.Errorf("--%s takes %s, not %q", value.GetFlag().Name, wanted(value.GetFlag().Value.Type()), value.GetValue())
		}
		return usagef("%w; %s --help lists the flags", err, cmd.CommandPath())
	})
	root.PersistentFlags().BoolVar(&a.json, "json", false, "write JSON, for machines")
	root.PersistentFlags().BoolVarP(&a.quiet, "quiet", "q", false, "write only results and errors")
	root.AddCommand(
		a.trainCommand(), a.finetuneCommand(), a.evalCommand(),
		a.encodeCommand(), a.decodeCommand(), a.sampleCommand(), a.reconstructCommand(), a.classifyCommand(),
		a.importCommand(), a.exportCommand(), a.inspectCommand(), a.verifyCommand(),
		a.benchCommand(), a.reproduceCommand(), a.serveCommand(), a.ortCommand(), a.dataCommand(), a.versionCommand(),
	)
	return root
}

// wanted is what a flag of pflag's type kind takes, for people.
func wanted(kind string) string {
	switch kind {
	case "int", "int64":
		return "a whole number"
	case "uint64":
		return "a whole number that is not negative"
	case "float64":
		return "a number"
	case "bool":
		return "true or false"
	case "duration":
		return "a time such as 90s or 1h30m"
	case "intSlice":
		return "whole numbers, such as 1,2"
	case "float64Slice":
		return "numbers, such as 0.5,1"
	}
	return "another value"
}

// addCompletion adds cobra's completion command, which by itself shows its help for a shell that it does not know, and
// which writes to where root does: so it comes last.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd("completion")
	if c, _, err := root.Find([]string{"completion"}); err == nil {
		c.Args = subcommand
		c.RunE = func(cmd *cobra.Command, args []string) error { return cmd.Help() }
	}
}

func didYouMean(cmd *cobra.Command, name string) string {
	cmd.SuggestionsMinimumDistance = 2
	if s := cmd.SuggestionsFor(name); len(s) > 0 {
		return "; did you mean " + strings.Join(s, " or ") + "?"
	}
	return "; elbo --help lists the commands"
}

// keptError keeps the first error of its writer, so that results that did not get out whole are not taken for success.
type keptError struct {
	w   io.Writer
	err error
}

func (k *keptError) Write(b []byte) (int, error) {
	n, err := k.w.Write(b)
	if k.err == nil && err != nil {
		k.err = fmt.Errorf("the results could not be written: %w", err)
	}
	return n, err
}

// oneLine is an error, and what is joined to it, on one line and in the words of who pressed Ctrl-C.
func oneLine(err error) string {
	text := strings.TrimPrefix(err.Error(), "elbo: ")
	return strings.NewReplacer("\n", "; ", context.Canceled.Error(), "interrupted").Replace(text)
}

// advice is what to do about errors that come from too deep to say so.
func advice(err error) string {
	if errors.Is(err, syscall.ENOSPC) {
		return "; free some space, or choose a place that has more"
	}
	return ""
}

// command is a command's name without the program's.
func command(cmd *cobra.Command) string { return strings.TrimPrefix(cmd.CommandPath(), "elbo ") }

// exactly, atLeast and none check the number of arguments; a wrong number is wrong use.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != len(names) {
			return usagef("%s takes %s, not %d arguments; elbo %[1]s --help shows how", command(cmd), strings.Join(names, " "), len(args))
		}
		return nil
	}
}

func atLeastOne(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("%s takes at least one %s; elbo %[1]s --help shows how", command(cmd), name)
		}
		return nil
	}
}

// subcommand is for a command that only groups others.
func subcommand(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("there is no command %q; %s --help lists the commands", command(cmd)+" "+args[0], cmd.CommandPath())
	}
	return nil
}

func none(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no arguments, but got %q", command(cmd), args[0])
	}
	return nil
}

// emit writes v as one JSON object on one line.
func (a *app) emit(v any) error { return json.NewEncoder(a.out).Encode(v) }

// note tells people on standard error what happens; machines and --quiet do not want it.
func (a *app) note(format string, args ...any) {
	if !a.quiet && !a.json {
		fmt.Fprintf(a.err, format+"\n", args...)
	}
}
