package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/elbo-ml/elbo/tensor"
)

// CSE computes each expression once: of nodes with the same operator, attributes and inputs the first stays, and its
// outputs take the place of the others'. Nodes that draw noise and nodes that give an output of the graph stay.
func CSE(g *Graph) {
	first := map[string]*Node{}
	same := map[*Value]*Value{}
	kept := g.Nodes[:0]
	for _, n := range g.Nodes {
		for i, v := range n.Inputs {
			if w := same[v]; w != nil {
				n.Inputs[i] = w
			}
		}
		output := slices.ContainsFunc(n.Outputs, func(v *Value) bool { return slices.Contains(g.Outputs, v) })
		if Lookup(n.Domain, n.Op) == nil || Draws(n) || len(n.Bodies()) > 0 {
			kept = append(kept, n)
			continue
		}
		key := signature(n)
		twin := first[key]
		if twin == nil {
			first[key] = n
		}
		if twin == nil || output {
			kept = append(kept, n)
			continue
		}
		for i, v := range n.Outputs {
			if v != nil {
				same[v] = twin.Outputs[i]
				g.forget(v)
			}
		}
	}
	clear(g.Nodes[len(kept):])
	g.Nodes = kept
}

// signature is equal for nodes that compute the same values.
func signature(n *Node) string {
	var b strings.Builder
	b.WriteString(opKey(n.Domain, n.Op))
	for _, name := range n.Attrs.Names() {
		v := n.Attrs[name]
		if t, ok := v.(*tensor.Tensor); ok {
			v = t.Key()
		}
		fmt.Fprintf(&b, "|%q=%T%q", name, v, fmt.Sprint(v))
	}
	for _, v := range n.Inputs {
		fmt.Fprintf(&b, "|%p", v)
	}
	for _, v := range n.Outputs {
		fmt.Fprintf(&b, "|%t", v != nil)
	}
	return b.String()
}
