package main

import (
	"fmt"
	"strings"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/train"
)

// partPlan is the native plan of one program of a model.
type partPlan struct {
	Part  string       `json:"part"`
	Batch int          `json:"batch"`
	Plan  *native.Plan `json:"plan"`
}

// showPlans prints the native engine's plans of a file or a bundle for minibatches of so many rows, and with step that of
// the training step.
func (a *app) showPlans(file string, batch int, step bool) error {
	graphs, err := graphsOf(file, step)
	if err != nil {
		return err
	}
	var plans []partPlan
	for _, g := range graphs {
		p, err := native.Describe(g.Graph, batchShapes(g.Graph, batch))
		if err != nil {
			return fmt.Errorf("%s: %w", g.Part, err)
		}
		plans = append(plans, partPlan{g.Part, batch, p})
	}
	if a.json {
		return a.emit(map[string]any{"file": file, "plans": plans})
	}
	for _, p := range plans {
		fmt.Fprint(a.out, planText(p), "\n")
	}
	fmt.Fprint(a.out, planLegend)
	return nil
}

// graphsOf are the graphs of a file or a bundle, by part.
func graphsOf(file string, step bool) ([]models.Graph, error) {
	if hasExt(file, ".onnx") {
		if step {
			return nil, usagef("--train wants a bundle: %s is one graph, without an objective; elbo import makes a bundle of an encoder and a decoder", file)
		}
		g, err := importer.Load(file, importer.Options{})
		if err != nil {
			return nil, err
		}
		graph.LiftNoise(g)
		return []models.Graph{{Part: file, Graph: g}}, nil
	}
	v, err := models.Open(file)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	graphs, err := v.Graphs()
	if err != nil || !step {
		return graphs, err
	}
	g, err := train.StepGraph(v)
	return append(graphs, models.Graph{Part: "training step", Graph: g}), err
}

// batchShapes gives the open first dimension of each input the extent batch.
func batchShapes(g *graph.Graph, batch int) map[string][]int {
	shapes := map[string][]int{}
	for _, v := range g.Inputs {
		if len(v.Shape) == 0 {
			continue
		}
		rest, known := v.Shape[1:].Known()
		if _, fixed := v.Shape[0].Known(); !fixed && known {
			shapes[v.Name] = append([]int{batch}, rest...)
		}
	}
	return shapes
}

const planLegend = `in, w and out are a caller's input, a weight or constant, a caller's output; the rest is in the
arena, from "at" KiB on. "-> over" is written over an operand. ' is read transposed, and '' for a
Transpose of the graph that does not run. What stands together is a chain: one pass through cache;
after + it goes on with the product, part by part. KiB are what a step reads and writes, each once.
`

// Widths of the columns of operators and operands; the numbers take 28 more, and all is within 100.
const (
	opsWidth      = 26
	operandsWidth = 40
)

// planText is a plan as a table of 100 columns, a step to a row or more.
func planText(p partPlan) string {
	var b strings.Builder
	d := p.Plan
	fmt.Fprintf(&b, "%s, batch %d: %d steps\n", p.Part, p.Batch, len(d.Steps))
	fmt.Fprintf(&b, "%4s  %-*s %-*s%8s%9s%9s\n", "", opsWidth, "operators", operandsWidth, "operands -> results", "MFLOP", "KiB", "at")
	for i, s := range d.Steps {
		ops, operands := wrap(s.Operators(), opsWidth), wrap(operandsText(s), operandsWidth)
		for k := range max(len(ops), len(operands)) {
			number, numbers := "", ""
			if k == 0 {
				number = fmt.Sprint(i + 1)
				numbers = fmt.Sprintf("%8s%9s%9s", mega(s.Cost.FLOPs), kibi(s.Cost.Bytes()), place(s))
			}
			line := fmt.Sprintf("%4s  %-*s %-*s%s", number, opsWidth, at(ops, k), operandsWidth, at(operands, k), numbers)
			fmt.Fprintln(&b, strings.TrimRight(line, " "))
		}
	}
	fmt.Fprintf(&b, "%4s  %-*s%8s%9s\n", "", opsWidth+1+operandsWidth, "all", mega(d.Cost.FLOPs), kibi(d.Cost.Bytes()))
	fmt.Fprintf(&b, "nodes    %d given, %d kept: %d run and %d are views; %s\n", d.Nodes, d.Kept, d.Kept-d.Views, d.Views, folded(d))
	share := ""
	if d.Live > 0 {
		share = fmt.Sprintf(", %.2f times the %s KiB that are alive at once", float64(d.Arena)/float64(d.Live), kibi(d.Live))
	}
	fmt.Fprintf(&b, "memory   arena %s KiB%s\n", kibi(d.Arena), share)
	fmt.Fprintf(&b, "         weights %s KiB, inputs %s KiB, outputs %s KiB\n", kibi(d.Weights), kibi(d.Inputs), kibi(d.Outputs))
	return b.String()
}

func folded(d *native.Plan) string {
	if d.Folded == 0 {
		return "no constants are folded"
	}
	return fmt.Sprintf("%d folded constants of %s KiB", d.Folded, kibi(d.FoldedBytes))
}

func operandsText(s native.Step) []string {
	var words []string
	for _, o := range s.In {
		words = append(words, o.String())
	}
	for i, o := range s.Out {
		arrow := "-> "
		if o.Over != "" {
			arrow = "-> over "
		}
		if i > 0 {
			arrow = strings.TrimPrefix(arrow, "-> ")
		}
		words = append(words, arrow+o.String())
	}
	return words
}

// place is where a step's first result is in the arena, in KiB.
func place(s native.Step) string {
	for _, o := range s.Out {
		if o.Place == "arena" {
			return kibi(o.Offset)
		}
	}
	return ""
}

func mega(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3f", float64(n)/1e6)
}

func kibi(n int) string { return fmt.Sprintf("%.1f", float64(n)/1024) }

// wrap joins words to lines of at most width columns, but for longer words.
func wrap(words []string, width int) []string {
	var lines []string
	for _, w := range words {
		if n := len(lines); n > 0 && len(lines[n-1])+1+len(w) <= width {
			lines[n-1] += " " + w
		} else {
			lines = append(lines, w)
		}
	}
	return lines
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}
