package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/reproduce/adam"
	"github.com/elbo-ml/elbo/reproduce/aevb"
	"github.com/elbo-ml/elbo/reproduce/iaf"
	"github.com/elbo-ml/elbo/reproduce/localreparam"
	"github.com/elbo-ml/elbo/reproduce/sparsevd"
	"github.com/elbo-ml/elbo/reproduce/ssl"
	"github.com/elbo-ml/elbo/reproduce/vdropout"
)

// experiments are what `elbo reproduce` knows, in the order of the thesis.
var experiments = []reproduce.Experiment{
	aevb.Experiment,
	ssl.Experiment,
	iaf.Experiment,
	localreparam.Experiment,
	vdropout.Experiment,
	sparsevd.Experiment,
	adam.Experiment,
}

func (a *app) reproduceCommand() *cobra.Command {
	var ef engineFlags
	var o reproduce.Options
	var names []string
	for _, e := range experiments {
		names = append(names, e.Name)
	}
	cmd := &cobra.Command{
		Use:   "reproduce NAME",
		Short: "Reproduce a chapter's tables and figures",
		Long: `Reproduce trains what an experiment of the thesis needs and writes report.md, with our numbers beside the paper's and
the figures as PNG and SVG, to a folder. What has been computed is kept there: a run that was stopped goes on where it was.
Without a name it lists the experiments.`,
		Example: `  elbo reproduce
  elbo reproduce aevb --quick
  elbo reproduce aevb --part burda --data data/
  elbo reproduce ssl --data data/ --seeds 5 --budget 6h --out ssl/`,
		ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.listExperiments()
			}
			if len(args) > 1 {
				return usagef("reproduce takes one NAME, not %d", len(args))
			}
			for _, e := range experiments {
				if e.Name == args[0] {
					return a.reproduce(cmd, e, ef, o)
				}
			}
			return usagef("there is no experiment %q; there are %s", args[0], strings.Join(names, ", "))
		},
	}
	ef.add(cmd, "native")
	flags := cmd.Flags()
	flags.BoolVar(&o.Quick, "quick", false, "a run of a few minutes that shows the orderings that must hold")
	flags.StringSliceVar(&o.Parts, "part", nil, "compute this part alone, and report it with those that are in the folder (may be repeated); without a NAME, the command lists them")
	flags.IntVar(&o.Seeds, "seeds", 0, "seeds to train with; 0 means the experiment's own number")
	flags.DurationVar(&o.Budget, "budget", 3*time.Hour, "time that a full run may take, over all its goes")
	flags.StringVar(&o.Out, "out", "", "the folder for the report and what it is made of (default: reproduce-NAME, or reproduce-NAME-quick)")
	flags.StringVar(&o.Data, "data", os.Getenv("ELBO_DATA"), "the folder that holds mnist/, freyface/ and so on (default: the variable ELBO_DATA)")
	return cmd
}

func (a *app) listExperiments() error {
	if a.json {
		type listed struct {
			Name, Title, Source string
			Parts               []string `json:",omitempty"`
		}
		all := []listed{}
		for _, e := range experiments {
			all = append(all, listed{e.Name, e.Title, e.Source, e.PartNames()})
		}
		return a.emit(all)
	}
	for _, e := range experiments {
		fmt.Fprintf(a.out, "%-13s %s\n%13s %s\n", e.Name, e.Title, "", e.Source)
		if parts := e.PartNames(); len(parts) > 0 {
			fmt.Fprintf(a.out, "%13s parts: %s\n", "", strings.Join(parts, ", "))
		}
	}
	return nil
}

func (a *app) reproduce(cmd *cobra.Command, e reproduce.Experiment, ef engineFlags, o reproduce.Options) (err error) {
	if o.Seeds < 0 || o.Budget <= 0 {
		return usagef("--seeds must not be negative and --budget must be positive; they are %d and %v", o.Seeds, o.Budget)
	}
	if o.Engine, err = ef.open(a); err != nil {
		return err
	}
	o.Threads = ef.threads
	o.Command = "elbo reproduce " + e.Name
	if o.Quick {
		o.Command += " --quick"
	} else if cmd.Flags().Changed("budget") {
		o.Command += fmt.Sprintf(" --budget %v", o.Budget)
	}
	for _, name := range o.Parts {
		o.Command += " --part " + name
	}
	if o.Seeds > 0 {
		o.Command += fmt.Sprintf(" --seeds %d", o.Seeds)
	}
	if o.Out == "" {
		if o.Out = "reproduce-" + e.Name; o.Quick {
			o.Out += "-quick"
		}
	}
	if !a.quiet && !a.json {
		o.Log = a.err
	}
	path, err := reproduce.Run(cmd.Context(), e, o)
	if errors.Is(err, context.Canceled) {
		err = fmt.Errorf("%w; the same command goes on", err)
	}
	if errors.Is(err, reproduce.ErrOptions) {
		return usagef("%v", err)
	}
	if path == "" {
		return err
	}
	if a.json {
		if failed := a.emit(map[string]string{"report": path}); err == nil {
			err = failed
		}
		return err
	}
	fmt.Fprintln(a.out, path)
	return err
}
