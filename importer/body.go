package importer

import (
	"fmt"
	"maps"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
)

// body is a graph in an attribute of a node (the branch of an If, what a Loop or Scan runs), its functions inlined.
type body struct {
	proto                    *onnxpb.Graph
	inputs, tensors, outputs []string // the names of proto's, as the steps call them
	steps                    []*step
	reads                    []string // the names that it takes from the graph around it
}

// bodies takes the graphs out of a step's attributes.
func (in *inliner) bodies(st *step, s *scope) error {
	op := graph.Lookup(st.domain, st.op)
	if op == nil || len(op.Bodies) == 0 {
		return nil
	}
	st.bodies = map[string]*body{}
	var rest []*onnxpb.Attribute
	for _, a := range st.attrs {
		if a.Kind() != onnxpb.AttrGraph {
			rest = append(rest, a)
			continue
		}
		b, err := in.body(a.G, s)
		if err != nil {
			return err
		}
		st.bodies[a.Name] = b
	}
	for _, name := range op.Bodies {
		if st.bodies[name] == nil {
			return fmt.Errorf("node %q (%s) has no graph in the attribute %s: %w", st.name, st.op, name, ErrMalformed)
		}
	}
	st.attrs = rest
	return nil
}

func (in *inliner) body(g *onnxpb.Graph, s *scope) (*body, error) {
	if g == nil {
		return nil, fmt.Errorf("an attribute for a graph is empty: %w", ErrMalformed)
	}
	if len(g.Sparse) > 0 {
		return nil, fmt.Errorf("%d sparse initializers: %w", len(g.Sparse), graph.ErrUnsupported)
	}
	b := &body{proto: g}
	inner := *s
	if s.names != nil {
		inner.names = maps.Clone(s.names)
	}
	own := map[string]bool{}
	declare := func(name string) string {
		if inner.names != nil && name != "" {
			inner.names[name] = in.free(s.prefix + name)
			name = inner.names[name]
		}
		in.taken[name], own[name] = true, true
		return name
	}
	for _, p := range g.Initializers {
		b.tensors = append(b.tensors, declare(p.Name))
	}
	for _, p := range g.Inputs {
		b.inputs = append(b.inputs, declare(p.Name))
	}
	for _, n := range g.Nodes {
		for _, name := range n.Outputs {
			declare(name)
		}
	}
	around := in.steps
	in.steps = nil
	for _, n := range g.Nodes {
		if err := in.add(n, &inner); err != nil {
			return nil, err
		}
	}
	b.steps, in.steps = in.steps, around
	for _, p := range g.Outputs {
		b.outputs = append(b.outputs, in.resolve([]string{p.Name}, &inner)...)
	}
	b.findReads(own)
	return b, nil
}

// findReads lists what the body reads and does not make. own are the names that it makes.
func (b *body) findReads(own map[string]bool) {
	for _, st := range b.steps { // and those of inlined functions
		for _, name := range st.outputs {
			own[name] = true
		}
	}
	seen := map[string]bool{"": true}
	add := func(names []string) {
		for _, name := range names {
			if !own[name] && !seen[name] {
				seen[name] = true
				b.reads = append(b.reads, name)
			}
		}
	}
	for _, st := range b.steps {
		add(st.reads())
	}
	add(b.outputs)
}

// reads are the names that the step and its bodies read.
func (s *step) reads() []string {
	if len(s.bodies) == 0 {
		return s.inputs
	}
	names := append([]string(nil), s.inputs...)
	for _, name := range graph.Lookup(s.domain, s.op).Bodies {
		names = append(names, s.bodies[name].reads...)
	}
	return names
}
