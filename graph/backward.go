package graph

import (
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/tensor"
)

// Pullback appends to g the vector-Jacobian product of its nodes: the gradients, with respect to each of wrt, of a loss
// whose gradients with respect to values of g are given by seeds. A gradient is nil where no seed depends on the value.
// Values in stopped, which nodes compute, count as constants. missing names every operator on the way that has no gradient;
// then there are no results.
func Pullback(g *Graph, seeds map[*Value]*Value, wrt, stopped []*Value) (grads []*Value, missing []string) {
	w := backward{g: g, varies: dependents(g, wrt, stopped), sums: map[*Value]*Value{}, blocked: map[*Value]bool{}}
	before := len(g.Nodes)
	for v, d := range seeds {
		w.add(v, d)
	}
	for i := before - 1; i >= 0; i-- {
		w.visit(g.Nodes[i])
	}
	if len(w.missing) > 0 {
		g.Discard(before)
		return nil, w.missing
	}
	grads = make([]*Value, len(wrt))
	for i, v := range wrt {
		grads[i] = w.sums[v]
	}
	return grads, nil
}

// dependents are the params and all that is computed from them, but for what is stopped.
func dependents(g *Graph, params, stopped []*Value) map[*Value]bool {
	varies := map[*Value]bool{}
	for _, p := range params {
		varies[p] = true
	}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if !varies[v] {
				continue
			}
			for _, y := range n.Outputs {
				if y != nil && y.DType.IsFloat() && !slices.Contains(stopped, y) {
					varies[y] = true
				}
			}
			break
		}
	}
	return varies
}

// backward is a walk over the nodes from the seeds to the params.
type backward struct {
	g       *Graph
	varies  map[*Value]bool   // what depends on the params
	sums    map[*Value]*Value // d loss / d value, as far as the walk has come
	blocked map[*Value]bool   // values whose gradient is missing for want of a rule
	missing []string
}

// add adds d to the gradient of v, if v depends on the params.
func (w *backward) add(v, d *Value) {
	switch {
	case v == nil || d == nil || !w.varies[v]:
	case w.sums[v] == nil:
		w.sums[v] = d
	default:
		w.sums[v] = w.g.Add(w.sums[v], d)
	}
}

func (w *backward) visit(n *Node) {
	dy := make([]*Value, len(n.Outputs))
	reached, blocked := false, false
	for i, y := range n.Outputs {
		if y == nil {
			continue
		}
		dy[i] = w.sums[y]
		reached = reached || dy[i] != nil
		blocked = blocked || w.blocked[y]
	}
	depends := false
	for _, x := range n.Inputs {
		depends = depends || x != nil && w.varies[x]
	}
	if !depends || !reached && !blocked {
		return
	}
	why := whyNot(n)
	if why != "" {
		w.missing = append(w.missing, why)
	}
	if why != "" || blocked {
		for _, x := range n.Inputs {
			if x != nil && w.varies[x] {
				w.blocked[x] = true
			}
		}
		return
	}
	for i, d := range Lookup(n.Domain, n.Op).Gradient(w.g, n, dy) {
		w.add(n.Input(i), d)
	}
}

// whyNot tells why n cannot be differentiated, or "".
func whyNot(n *Node) string {
	op := Lookup(n.Domain, n.Op)
	switch {
	case op == nil:
		return fmt.Sprintf("%s (node %q): unknown operator", n.Op, n.Name)
	case op.Undifferentiable != nil:
		if why := op.Undifferentiable(n); why != "" {
			return fmt.Sprintf("%s (node %q): %s", n.Op, n.Name, why)
		}
	case op.Gradient == nil:
		return fmt.Sprintf("%s (node %q) has no gradient", n.Op, n.Name)
	}
	for _, v := range n.Inputs {
		if v != nil && v.Kind == tensor.Dense && v.Shape == nil {
			return fmt.Sprintf("%s (node %q): the rank of %s is not known", n.Op, n.Name, v.Name)
		}
	}
	return ""
}
