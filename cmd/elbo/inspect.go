package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime/native"
)

// port is an input or output of an inspected file.
type port struct {
	Name  string `json:"name"`
	DType string `json:"dtype"`
	Shape string `json:"shape"`
}

// operator is one operator of an inspected file and whether elbo can run and train it.
type operator struct {
	Name   string `json:"name"`
	Count  int    `json:"count"`
	Runs   bool   `json:"runs"`
	Trains bool   `json:"trains"`
	Why    string `json:"why,omitempty"`
}

// inspection is what is told about one ONNX file.
type inspection struct {
	File       string            `json:"file"`
	Opset      int               `json:"opset"`
	IRVersion  int               `json:"ir_version"`
	Producer   string            `json:"producer"`
	Inputs     []port            `json:"inputs"`
	Outputs    []port            `json:"outputs"`
	Operators  []operator        `json:"operators"`
	Parameters int               `json:"parameters"`
	Weights    []port            `json:"weights"`
	Noise      []string          `json:"noise_nodes"`
	Metadata   map[string]string `json:"metadata,omitempty"`
}

func (a *app) inspectCommand() *cobra.Command {
	var weights, plan, step bool
	var batch int
	cmd := &cobra.Command{
		Use:   "inspect FILE.onnx|BUNDLE",
		Short: "Show what a model file holds",
		Long: `Inspect shows inputs, outputs, shapes, opset, parameters, noise nodes, and for each operator whether it runs and
trains on elbo's native engine. Opsets are shown as in the file; elbo converts them to its own.

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

// inspectBundle unpacks the bundle to a folder and shows the manifest and each part.
func (a *app) inspectBundle(bundle string, weights bool) error {
	v, err := models.Open(bundle)
	if err != nil {
		return err
	}
	defer v.Close()
	dir, err := os.MkdirTemp("", "elbo-inspect-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	folder := filepath.Join(dir, "bundle")
	if err := v.Save(folder, models.SaveOptions{}); err != nil {
		return err
	}
	m := v.Manifest()
	parts := map[string]inspection{}
	for _, name := range []string{"encoder", "decoder"} {
		g, err := importer.Load(filepath.Join(folder, m.Parts[name].File), importer.Options{Partial: true})
		if err != nil {
			return err
		}
		parts[name] = inspect(bundle+"/"+m.Parts[name].File, g)
	}
	if a.json {
		return a.emit(map[string]any{"manifest": m, "parts": parts})
	}
	a.printManifest(bundle, m)
	for _, name := range []string{"encoder", "decoder"} {
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

// inspect gathers what a graph holds.
func inspect(file string, g *graph.Graph) inspection {
	in := inspection{
		File: file, Opset: g.FileOpset, IRVersion: g.FileIRVersion, Producer: strings.TrimSpace(g.Producer + " " + g.ProducerVersion),
		Inputs: portsOf(g.Inputs), Outputs: portsOf(g.Outputs), Weights: portsOf(g.Weights), Noise: []string{}, Metadata: map[string]string{},
	}
	for _, w := range g.Weights {
		in.Parameters += w.Data.Len()
	}
	for _, p := range g.Metadata {
		in.Metadata[p.Key] = p.Value
	}
	byName := map[string]*operator{}
	for _, n := range g.Nodes {
		name := n.Op
		if n.Domain != "" {
			name = n.Domain + "::" + n.Op
		}
		row := graph.Lookup(n.Domain, n.Op)
		if row != nil && row.Noise {
			in.Noise = append(in.Noise, n.Name)
		}
		op := byName[name]
		if op == nil {
			op = &operator{Name: name, Runs: true, Trains: true}
			byName[name] = op
		}
		op.Count++
		noise := row != nil && row.Noise
		if why := native.Lacks(n); why != "" && !noise {
			op.Runs, op.Why = false, why
		}
		op.Trains = op.Trains && op.Runs && row != nil && row.Gradient != nil
	}
	for _, op := range byName {
		in.Operators = append(in.Operators, *op)
	}
	slices.SortFunc(in.Operators, func(a, b operator) int { return strings.Compare(a.Name, b.Name) })
	return in
}

func portsOf(values []*graph.Value) []port {
	out := make([]port, len(values))
	for i, v := range values {
		out[i] = port{v.Name, v.DType.String(), v.Shape.String()}
		if !v.DType.Valid() { // below an operator that elbo does not know
			out[i].DType = "unknown"
		}
	}
	return out
}

func (a *app) showInspection(in inspection, weights bool) error {
	if a.json {
		return a.emit(in)
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s: opset %d, IR version %d, from %s\n", in.File, in.Opset, in.IRVersion, orDash(in.Producer))
	table(w, "input", in.Inputs)
	table(w, "output", in.Outputs)
	fmt.Fprintf(w, "parameters\t%d in %d weights\n", in.Parameters, len(in.Weights))
	if weights {
		table(w, "weight", in.Weights)
	}
	for _, name := range in.Noise {
		fmt.Fprintf(w, "noise node\t%s\tbecomes an input\n", name)
	}
	for _, op := range in.Operators {
		fmt.Fprintf(w, "operator\t%s\tx%d\t%s\t%s\n", op.Name, op.Count, yesNo(op.Runs, "runs", "does not run: "+op.Why), yesNo(op.Trains, "trains", "does not train"))
	}
	return w.Flush()
}

func table(w io.Writer, what string, ports []port) {
	for _, p := range ports {
		fmt.Fprintf(w, "%s\t%s\t%s%s\n", what, p.Name, p.DType, p.Shape)
	}
}

func yesNo(v bool, yes, no string) string {
	if v {
		return yes
	}
	return no
}

func orDash(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
