package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/elbo-ml/elbo/importer/passes"
)

// showInspection prints one screen: what the graph is, whether it runs and trains and what blocks it, what goes in and out,
// what the exporter did, what it is made of.
func (a *app) showInspection(in inspection, weights bool) error {
	if a.json {
		return a.emit(in)
	}
	fmt.Fprintf(a.out, "%s: opset %d, IR version %d, from %s\n", in.File, in.Opset, in.IRVersion, orDash(in.Producer))
	w := &lines{w: tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)}
	for _, l := range in.Looks {
		w.line("looks like", l.Part, fmt.Sprintf("%s: %d nodes, %d parameters", l.What, l.Nodes, l.Parameters))
	}
	for _, v := range in.Engines {
		w.line("runs on", v.Engine, yesNo(v.Runs, "yes, "+v.Version, "no: "+few(v.Why, "; ")))
	}
	t := in.Training
	what := fmt.Sprintf("%d weights of %d numbers", t.Weights, t.Numbers)
	if t.Kept > 0 {
		what += fmt.Sprintf("; %d others are no parameters", t.Kept)
	}
	w.line("trains", yesNo(t.Trains, "yes", "no"), yesNo(t.Trains, what, few(t.Why, "; ")))
	for _, p := range in.Inputs {
		w.line("inputs", p.Name, p.DType+p.Shape)
	}
	for _, p := range in.Outputs {
		w.line("outputs", p.Name, p.DType+p.Shape)
	}
	exportLines(w, in.Export)
	w.line("weights", fmt.Sprint(len(in.Weights)), fmt.Sprintf("%d numbers", in.Parameters))
	if weights {
		for _, p := range in.Weights {
			w.line("weight", p.Name, p.DType+p.Shape)
		}
	}
	w.flush()
	operatorLines(a.out, in.Operators)
	return nil
}

// lines are rows of three columns, the first of which is written where it changes.
type lines struct {
	w    *tabwriter.Writer
	last string
}

func (l *lines) line(what, name, text string) {
	first := what
	if what == l.last {
		first = ""
	}
	l.last = what
	fmt.Fprintf(l.w, "%s\t%s\t%s\n", first, name, text)
}

func (l *lines) flush() { l.w.Flush() }

// few are the first words of a list, and how many more there are.
func few(words []string, sep string) string {
	const most = 3
	if len(words) <= most {
		return strings.Join(words, sep)
	}
	return fmt.Sprintf("%s%sand %d more", strings.Join(words[:most], sep), sep, len(words)-most)
}

// exportLines tell what the exporter did that bears on running or training the model.
func exportLines(w *lines, r passes.Report) {
	for _, n := range r.Noise {
		if n.Input {
			w.line("noise", n.Node, n.Op+" "+n.Shape+" is an input")
			continue
		}
		what := n.Op + " " + n.Shape
		if n.In != "" {
			what += " in the body of " + n.In
		}
		switch {
		case n.Stays:
			what += " stays: its shape, or how often it is drawn, is known only in a run"
		case n.Seeded:
			what += " becomes an input; its seed is left out"
		default:
			what += " becomes an input"
		}
		w.line("noise", n.Node, what)
	}
	for _, f := range r.Frozen {
		w.line("frozen noise", f.Constant, f.Shape+" was drawn while exporting, it seems: all samples are equal; draw it in forward, or make it an input")
	}
	var of, tied []string
	apart := 0
	for _, a := range r.Aliases {
		if a.Tied {
			tied = append(tied, a.Name+" = "+a.Of)
		} else if apart++; !slices.Contains(of, a.Of) {
			of = append(of, a.Of)
		}
	}
	if apart > 0 {
		w.line("aliases", fmt.Sprint(apart), "become parameters of their own, apart from "+few(of, ", "))
	}
	if len(tied) > 0 {
		w.line("aliases", fmt.Sprint(len(tied)), "stay one parameter: "+few(tied, ", "))
	}
	foldedLines(w, r.Folded)
	if len(r.Masks) > 0 {
		w.line("masks", fmt.Sprint(len(r.Masks)), "not trained: "+few(r.Masks, ", "))
	}
	if len(r.Statistics) > 0 {
		w.line("statistics", fmt.Sprint(len(r.Statistics)), "running means and variances, which training moves: "+few(r.Statistics, ", "))
	}
	if len(r.Still) > 0 {
		w.line("statistics", fmt.Sprint(len(r.Still)), "in bodies of nodes, which training does not move: "+few(r.Still, ", "))
	}
}

// foldedLines are the folded weights by what was done to them, and the export that leaves them as they are.
func foldedLines(w *lines, folded []passes.Folded) {
	var hows []string
	names := map[string][]string{}
	for _, f := range folded {
		if names[f.How] == nil {
			hows = append(hows, f.How)
		}
		names[f.How] = append(names[f.How], f.Weight)
	}
	for _, how := range hows {
		w.line("folded", fmt.Sprint(len(names[how])), how+": "+few(names[how], ", "))
	}
	if len(folded) > 0 {
		w.line("folded", "", "to keep the parameters: "+folded[0].Recipe)
	}
}

// operatorLines are the operators, those together that run and train.
func operatorLines(w io.Writer, list []operator) {
	groups := map[string][]string{}
	for _, op := range list {
		what, key := fmt.Sprintf("%s x%d", op.Name, op.Count), "operators that run and train"
		switch {
		case !op.Runs:
			key, what = "operators that do not run", what+": "+op.Why
		case !op.Trains:
			key = "operators without a gradient"
		}
		groups[key] = append(groups[key], what+",")
	}
	for _, key := range []string{"operators that run and train", "operators without a gradient", "operators that do not run"} {
		words := groups[key]
		if len(words) == 0 {
			continue
		}
		words[len(words)-1] = strings.TrimSuffix(words[len(words)-1], ",")
		fmt.Fprintf(w, "%s\n", key)
		for _, l := range wrap(words, 96) {
			fmt.Fprintf(w, "  %s\n", l)
		}
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
