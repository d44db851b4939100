package graph

import "slices"

// Prune removes the nodes that no output of g depends on. Inputs and weights stay: they are the model's interface.
func Prune(g *Graph) { g.Discard(0, g.Outputs...) }

// Discard removes those of the nodes from place from on that neither keep, nor an earlier node, nor an output needs.
func (g *Graph) Discard(from int, keep ...*Value) {
	needed := map[*Value]bool{}
	for _, v := range keep {
		needed[v] = true
	}
	for _, v := range g.Outputs {
		needed[v] = true
	}
	live := make([]bool, len(g.Nodes))
	for i := len(g.Nodes) - 1; i >= from; i-- {
		n := g.Nodes[i]
		live[i] = slices.ContainsFunc(n.Outputs, func(v *Value) bool { return needed[v] && v != nil })
		if live[i] {
			for _, v := range n.Inputs {
				needed[v] = true
			}
		}
	}
	out := g.Nodes[:from]
	for i, n := range g.Nodes[from:] {
		if live[from+i] {
			out = append(out, n)
			continue
		}
		for _, v := range n.Outputs {
			g.forget(v)
		}
	}
	clear(g.Nodes[len(out):])
	g.Nodes = out
}

// forget frees the name of a value that is no longer in the graph.
func (g *Graph) forget(v *Value) {
	if v != nil && g.names[v.Name] == v {
		delete(g.names, v.Name)
	}
}
