package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/passes"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/engines"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// port is an input or output of an inspected file.
type port struct {
	Name  string `json:"name"`
	DType string `json:"dtype"`
	Shape string `json:"shape"`
}

// operator is one operator of an inspected file and whether elbo's native engine runs it, and whether it has a gradient.
type operator struct {
	Name   string `json:"name"`
	Count  int    `json:"count"`
	Runs   bool   `json:"runs"`
	Trains bool   `json:"trains"`
	Why    string `json:"why,omitempty"`
}

// verdict tells whether an engine runs the graph.
type verdict struct {
	Engine  string   `json:"engine"`
	Version string   `json:"version,omitempty"`
	Runs    bool     `json:"runs"`
	Why     []string `json:"why,omitempty"` // what stands in the way
}

// training tells what of the graph trains: how many weights of how many numbers have a gradient, and how many are no
// parameters (passes.Fixed, and those of other types).
type training struct {
	Trains  bool     `json:"trains"`
	Weights int      `json:"weights"`
	Numbers int      `json:"numbers"`
	Kept    int      `json:"kept"`
	Why     []string `json:"why,omitempty"`
}

// inspection is what is told about one ONNX graph.
type inspection struct {
	File       string            `json:"file"`
	Opset      int               `json:"opset"`
	IRVersion  int               `json:"ir_version"`
	Producer   string            `json:"producer"`
	Looks      []models.Look     `json:"looks_like"`
	Engines    []verdict         `json:"engines"`
	Training   training          `json:"training"`
	Inputs     []port            `json:"inputs"`
	Outputs    []port            `json:"outputs"`
	Export     passes.Report     `json:"export"`
	Operators  []operator        `json:"operators"`
	Parameters int               `json:"parameters"`
	Weights    []port            `json:"weights"`
	Metadata   map[string]string `json:"metadata,omitempty"`
}

// inspect gathers what a graph holds.
func inspect(file string, g *graph.Graph) inspection {
	in := inspection{
		File: file, Opset: g.FileOpset, IRVersion: g.FileIRVersion, Producer: strings.TrimSpace(g.Producer + " " + g.ProducerVersion),
		Looks: models.Looks(g), Inputs: portsOf(g.Inputs), Outputs: portsOf(g.Outputs), Export: passes.Inspect(g), Operators: operatorsOf(g),
		Weights: portsOf(g.Weights), Metadata: map[string]string{},
	}
	for _, w := range g.Weights {
		in.Parameters += w.Data.Len()
	}
	for _, p := range g.Metadata {
		in.Metadata[p.Key] = p.Value
	}
	lifted := g.Clone()
	graph.LiftNoise(lifted)
	in.Engines = verdicts(lifted)
	in.Training = trainingOf(g, in.Engines[0])
	return in
}

// operatorsOf counts the operators, by name.
func operatorsOf(g *graph.Graph) []operator {
	byName := map[string]*operator{}
	lifted := g.Clone()
	graph.LiftNoise(lifted)
	stays := map[*graph.Node]bool{}
	for n := range passes.Nodes(lifted) {
		stays[n] = graph.Draws(n)
	}
	for n := range passes.Nodes(g) {
		countOperator(byName, n, stays[n])
	}
	list := []operator{}
	for _, op := range byName {
		list = append(list, *op)
	}
	slices.SortFunc(list, func(a, b operator) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// countOperator counts n. What its bodies run has rows of its own. stays tells that n draws noise which becomes no input.
func countOperator(byName map[string]*operator, n *graph.Node, stays bool) {
	name := n.Op
	if n.Domain != "" {
		name = n.Domain + "::" + n.Op
	}
	row := graph.Lookup(n.Domain, n.Op)
	op := byName[name]
	if op == nil {
		op = &operator{Name: name, Runs: true, Trains: true}
		byName[name] = op
	}
	op.Count++
	if why := native.Lacks(n); why != "" && len(n.Bodies()) == 0 && (stays || !graph.Draws(n)) {
		op.Runs, op.Why = false, why
	}
	op.Trains = op.Trains && op.Runs && row != nil && row.Gradient != nil
}

func portsOf(values []*graph.Value) []port {
	out := make([]port, len(values))
	for i, v := range values {
		out[i] = port{v.Name, v.DType.String(), v.Shape.String()}
		if v.Kind != tensor.Dense {
			out[i].DType = v.Kind.String() + " of " + out[i].DType
		}
		if !v.DType.Valid() { // below an operator that elbo does not know
			out[i].DType = "unknown"
		}
	}
	return out
}

// verdicts compiles the graph, whose noise is lifted, on each engine; the native one comes first.
func verdicts(g *graph.Graph) []verdict {
	list := []verdict{compiles(native.New(), g)}
	ort, err := engines.Open("ort", engines.Options{})
	if err != nil {
		why := err.Error()
		if errors.Is(err, runtime.ErrUnavailable) {
			why = "its library is not installed: elbo ort install"
		}
		return append(list, verdict{Engine: "ort", Why: []string{why}})
	}
	return append(list, compiles(ort, g))
}

func compiles(e runtime.Engine, g *graph.Graph) verdict {
	v := verdict{Engine: e.Name(), Version: e.Version()}
	if e.Name() == "native" {
		for _, n := range g.Nodes {
			if why := native.Lacks(n); why != "" {
				v.Why = append(v.Why, fmt.Sprintf("%s (node %q): %s", n.Op, n.Name, why))
			}
		}
		if len(v.Why) > 0 {
			return v
		}
	}
	p, err := e.Compile(g, runtime.Options{})
	if err != nil {
		v.Why = []string{oneLine(err)}
		return v
	}
	p.Close()
	v.Runs = true
	return v
}

// trainingOf asks for the gradients of the sum of all real outputs.
func trainingOf(g *graph.Graph, runs verdict) training {
	var t training
	if !runs.Runs {
		t.Why = []string{"it does not run"}
		return t
	}
	c := g.Clone()
	fixed := passes.Fixed(c)
	graph.LiftNoise(c)
	var params []*graph.Value
	for _, w := range c.Weights {
		if !w.DType.IsFloat() || fixed[w] {
			t.Kept++
			continue
		}
		params = append(params, w)
		t.Weights++
		t.Numbers += w.Data.Len()
	}
	var loss *graph.Value
	for _, y := range c.Outputs {
		if !y.DType.IsFloat() {
			continue
		}
		sum := c.Cast(c.ReduceSum(y, false), c.Outputs[0].DType)
		if loss == nil {
			loss = sum
		} else {
			loss = c.Add(loss, sum)
		}
	}
	switch {
	case len(params) == 0:
		t.Why = []string{"it has no weights of real numbers"}
	case loss == nil:
		t.Why = []string{"it has no output of real numbers"}
	default:
		if _, err := train.Gradients(c, loss, params); err != nil {
			_, what, found := strings.Cut(oneLine(err), train.ErrNotDifferentiable.Error()+": ")
			if !found {
				what = oneLine(err)
			}
			t.Why = strings.Split(what, "; ")
		}
	}
	t.Trains = len(t.Why) == 0
	return t
}
