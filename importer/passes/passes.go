// Package passes tells what an exporter did to a model, and undoes what stands in the way of training it: noise that was
// frozen, parameters that were tied, merged, transposed or renamed, statistics that no longer move.
package passes

import (
	"iter"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// Report is what Inspect finds.
type Report struct {
	// Noise are the nodes that draw random numbers, which become inputs, and the inputs that came of them.
	Noise []Noise `json:"noise"`
	// Frozen are constants that stand where noise should be.
	Frozen []Frozen `json:"frozen_noise"`
	// Aliases are parameters that the exporter tied together because they held the same numbers.
	Aliases []Alias `json:"aliases"`
	// Folded are weights that no longer are the parameters that they were made of.
	Folded []Folded `json:"folded_weights"`
	// Masks are weights of zeros and ones that blank out others, and are not trained.
	Masks []string `json:"masks"`
	// Statistics are the layers with running statistics, which training updates.
	Statistics []string `json:"running_statistics"`
	// Still are the layers in bodies of nodes, which go by their running statistics in training, too.
	Still []string `json:"still_statistics"`
}

// Noise is a node that draws random numbers; or an input of them, whose Op is their distribution.
type Noise struct {
	Node  string `json:"node"`
	Op    string `json:"op"`
	Input bool   `json:"input,omitempty"`
	Shape string `json:"shape"`
	// Seeded tells that the node has a seed, with which every run elsewhere draws the same numbers.
	Seeded bool `json:"seeded,omitempty"`
	// In is the node in whose body it stands, "" for none. Stays tells that it cannot become an input, since its shape, or how
	// often it is drawn, is known only in a run.
	In    string `json:"in,omitempty"`
	Stays bool   `json:"stays,omitempty"`
}

// Inspect looks for all that this package knows of. The graph stays as it is.
func Inspect(g *graph.Graph) Report {
	r := Report{Noise: []Noise{}, Frozen: FrozenNoise(g), Aliases: Aliases(g), Folded: FoldedWeights(g), Masks: []string{}, Statistics: []string{}, Still: []string{}}
	lifted := g.Clone()
	graph.LiftNoise(lifted)
	stays := map[*graph.Node]bool{}
	for n := range Nodes(lifted) {
		stays[n] = graph.Draws(n)
	}
	for n, in := range Nodes(g) {
		if graph.Draws(n) {
			r.Noise = append(r.Noise, Noise{Node: n.Name, Op: n.Op, Shape: shapeOf(n), Seeded: n.Has("seed"), In: in, Stays: stays[n]})
		}
		switch {
		case n.Op != "BatchNormalization" || n.Domain != "":
		case in == "":
			r.Statistics = append(r.Statistics, n.Name)
		default:
			r.Still = append(r.Still, n.Name)
		}
	}
	for _, n := range graph.NoiseInputs(g) {
		r.Noise = append(r.Noise, Noise{Node: n.Value.Name, Op: n.Distribution, Shape: n.Value.Shape.String(), Input: true})
	}
	for _, w := range Masks(g) {
		r.Masks = append(r.Masks, w.Name)
	}
	return r
}

// Nodes are the nodes of g and of the bodies of its nodes, each with the node in whose body it stands, "" for none.
func Nodes(g *graph.Graph) iter.Seq2[*graph.Node, string] {
	return func(yield func(*graph.Node, string) bool) { walk(g, "", yield) }
}

func walk(g *graph.Graph, in string, yield func(*graph.Node, string) bool) bool {
	for _, n := range g.Nodes {
		if !yield(n, in) {
			return false
		}
		for _, b := range n.Bodies() {
			if !walk(b, n.Op+" "+n.Name, yield) {
				return false
			}
		}
	}
	return true
}

func shapeOf(n *graph.Node) string {
	for _, v := range n.Outputs {
		if v != nil {
			return v.Shape.String()
		}
	}
	return ""
}

// readers are the nodes that read each value, in order; a node that reads it twice is there once.
func readers(g *graph.Graph) map[*graph.Value][]*graph.Node {
	r := map[*graph.Value][]*graph.Node{}
	for _, n := range g.Nodes {
		for i, v := range n.Inputs {
			if v != nil && !slices.Contains(n.Inputs[:i], v) {
				r[v] = append(r[v], n)
			}
		}
	}
	return r
}

// uniform reports whether all elements of t are the same.
func uniform(t *tensor.Tensor) bool {
	b, size := t.Bytes(), t.DType().Size()
	for i := size; i+size <= len(b); i += size {
		if string(b[i:i+size]) != string(b[:size]) {
			return false
		}
	}
	return true
}
