package passes

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
)

// Alias is a parameter that an exporter replaced by another that held the same numbers. PyTorch's writes an Identity that
// gives the parameter its name; its newer one merges the two without a trace but that several layers read one weight.
type Alias struct {
	Name string `json:"name"`
	Of   string `json:"of"`
	// Tied tells that the two are one parameter: equal numbers that differ among themselves are no coincidence. Where all
	// are the same, as the zeros of biases and the ones of scales before training, they are two that started alike.
	Tied bool `json:"tied"`

	value *graph.Value // what the Identity gives, or the weight
	node  *graph.Node  // the Identity, or the reader
	input int          // which of the reader's inputs
}

// Aliases are the parameters of g that are kept in the place of others.
func Aliases(g *graph.Graph) []Alias {
	list := []Alias{}
	read := readers(g)
	for _, w := range g.Weights {
		if !w.DType.IsFloat() || w.Data.Len() < 2 {
			continue
		}
		alike, first := uniform(w.Data), true
		for _, n := range read[w] {
			if n.Op == "Identity" {
				list = append(list, Alias{Name: n.Outputs[0].Name, Of: w.Name, Tied: !alike, value: n.Outputs[0], node: n})
				continue
			}
			i := parameterAt(n, w)
			if i < 0 || !alike {
				continue
			}
			if !first {
				list = append(list, Alias{Name: fmt.Sprintf("%s of %s", w.Name, n.Name), Of: w.Name, value: w, node: n, input: i})
			}
			first = false
		}
	}
	return list
}

// parameterAt is the input at which n reads w as a scale or a bias of its own, or -1.
func parameterAt(n *graph.Node, w *graph.Value) int {
	from, found := 0, -1
	switch n.Op {
	case "BatchNormalization", "InstanceNormalization", "LayerNormalization":
		from = 1
	case "Conv", "ConvTranspose", "Gemm":
		from = 2
	default:
		return -1
	}
	for i, v := range n.Inputs {
		if v == w && i >= from {
			if found >= 0 {
				return -1
			}
			found = i
		}
	}
	return found
}

// Untie makes parameters of their own of those aliases that are not tied, each with the numbers it has, so that training
// moves them apart. An alias that PyTorch named keeps its name.
func Untie(g *graph.Graph) ([]Alias, error) {
	var untied []Alias
	gone := map[*graph.Node]bool{}
	for _, a := range Aliases(g) {
		if a.Tied || isOutput(g, a.value) {
			continue
		}
		if a.node.Op == "Identity" {
			gone[a.node] = true
			a.value.Producer = nil
			a.value.Hold(g.Value(a.Of).Data.Clone())
			g.Weights = append(g.Weights, a.value)
		} else {
			a.node.Inputs[a.input] = g.Weight(g.Fresh(a.Of), a.value.Data.Clone())
		}
		untied = append(untied, a)
	}
	kept := g.Nodes[:0]
	for _, n := range g.Nodes {
		if !gone[n] {
			kept = append(kept, n)
		}
	}
	clear(g.Nodes[len(kept):])
	g.Nodes = kept
	return untied, g.Err()
}

func isOutput(g *graph.Graph, v *graph.Value) bool {
	for _, w := range g.Outputs {
		if v == w {
			return true
		}
	}
	return false
}
