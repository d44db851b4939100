package native

import (
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/kernel"
)

// Simplify is a copy of g that computes the same with fewer nodes, for files that other engines run: what is known without
// an input becomes a constant (shape arithmetic and what is computed from constants and from weights that are no floats),
// nodes that change nothing and second computations of one expression go, and so do nodes and weights that nothing reads.
// Symbols of shapes stay symbols, and the weights that train keep their names.
func Simplify(g *graph.Graph) (*graph.Graph, error) {
	c := g.Clone()
	if err := graph.Infer(c); err != nil {
		return nil, fmt.Errorf("native: simplify: %w", err)
	}
	same := map[*graph.Value]*graph.Value{}
	nodes := c.Nodes
	c.Nodes = nil
	for _, n := range nodes {
		for i, v := range n.Inputs {
			if w := same[v]; w != nil {
				n.Inputs[i] = w
			}
		}
		keep, err := simplified(n, same, c.Outputs)
		if err != nil {
			return nil, fmt.Errorf("native: simplify: %w", err)
		}
		if keep {
			c.Nodes = append(c.Nodes, n)
		}
	}
	graph.CSE(c)
	graph.Prune(c)
	return withoutUnread(c), nil
}

// simplified reports whether n stays; otherwise its outputs are constants, or another value stands in same for its one.
func simplified(n *graph.Node, same map[*graph.Value]*graph.Value, outputs []*graph.Value) (keep bool, err error) {
	op, k := graph.Lookup(n.Domain, n.Op), kernel.Lookup(n.Op)
	if op == nil || graph.Draws(n) || k == nil || n.Domain != "" {
		return true, nil
	}
	if known(n) {
		hold(n)
		return false, nil
	}
	if allConstant(n) && !slices.ContainsFunc(n.Inputs, trains) && (k.Dynamic != nil || allKnown(n) && worthFolding(n)) {
		if err := fold(n, k); err != nil {
			return true, err
		}
		hold(n)
		return false, nil
	}
	if changesNothing(n) && !slices.Contains(outputs, n.Outputs[0]) {
		same[n.Outputs[0]] = n.Inputs[0]
		return false, nil
	}
	return true, nil
}

// trains reports whether v is a weight that an optimiser may change.
func trains(v *graph.Value) bool { return v != nil && v.IsWeight() && v.DType.IsFloat() }

// hold marks a node's outputs, which hold data, as constants of the formula.
func hold(n *graph.Node) {
	for _, v := range n.Outputs {
		if v != nil {
			v.Constant = true
		}
	}
}

// withoutUnread is g without the weights that no node and no output reads.
func withoutUnread(g *graph.Graph) *graph.Graph {
	read := map[*graph.Value]bool{}
	for _, v := range g.Outputs {
		read[v] = true
	}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			read[v] = true
		}
	}
	g.Weights = slices.DeleteFunc(g.Weights, func(v *graph.Value) bool { return !read[v] })
	return g.Clone() // without the names of what is gone
}
