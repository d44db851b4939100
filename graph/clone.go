package graph

import "slices"

// Clone copies the graph's structure. Tensors of weights and constants are shared, not copied, and so are the bodies of
// nodes: no pass changes a body.
func (g *Graph) Clone() *Graph {
	c, _ := g.CloneMap()
	return c
}

// CloneMap is Clone and the map from each value to its copy.
func (g *Graph) CloneMap() (*Graph, map[*Value]*Value) {
	c := *g
	c.names, c.consts = map[string]*Value{}, map[string]*Value{}
	c.Metadata, c.scopes = slices.Clone(g.Metadata), nil
	seen := map[*Value]*Value{}
	copyOf := func(v *Value) *Value {
		if v == nil {
			return nil
		}
		if w := seen[v]; w != nil {
			return w
		}
		w := *v
		w.Producer = nil
		seen[v] = &w
		c.names[w.Name] = &w
		return &w
	}
	all := func(vs []*Value) []*Value {
		out := make([]*Value, len(vs))
		for i, v := range vs {
			out[i] = copyOf(v)
		}
		return out
	}
	c.Inputs, c.Weights = all(g.Inputs), all(g.Weights)
	if g.Outer != nil {
		c.Outer = all(g.Outer)
	}
	c.Nodes = make([]*Node, len(g.Nodes))
	for i, n := range g.Nodes {
		m := *n
		m.Inputs, m.Outputs, m.Attrs = all(n.Inputs), all(n.Outputs), n.Attrs.clone()
		for _, v := range m.Outputs {
			if v != nil {
				v.Producer = &m
			}
		}
		c.Nodes[i] = &m
	}
	c.Outputs = all(g.Outputs)
	for key, v := range g.consts {
		c.consts[key] = copyOf(v)
	}
	return &c, seen
}
