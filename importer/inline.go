package importer

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
)

// step is one node of the flat model: functions are inlined, and the opset of the place it came from is told.
type step struct {
	name, op, domain string
	inputs, outputs  []string
	attrs            []*onnxpb.Attribute
	opset            int
	from             *onnxpb.Node
	bodies           map[string]*body // the graphs in its attributes
}

// inliner replaces calls of the model's own functions by their nodes, down to the last call.
type inliner struct {
	limits    Limits
	functions map[functionKey]*onnxpb.Function
	taken     map[string]bool // names of values
	steps     []*step
	nodes     int
	edges     int
	next      int
}

type functionKey struct{ domain, name, overload string }

// scope is what names and attributes mean within one call.
type scope struct {
	names  map[string]string // nil at the top: names are themselves
	prefix string
	attrs  map[string]*onnxpb.Attribute
	opset  int
	depth  int
}

func inline(m *onnxpb.Model, opset int, l Limits) ([]*step, error) {
	in := &inliner{limits: l, functions: map[functionKey]*onnxpb.Function{}, taken: map[string]bool{}}
	for _, f := range m.Functions {
		in.functions[functionKey{f.Domain, f.Name, f.Overload}] = f
	}
	for _, v := range m.Graph.Inputs {
		in.taken[v.Name] = true
	}
	for _, t := range m.Graph.Initializers {
		in.taken[t.Name] = true
	}
	for _, t := range m.Graph.Sparse {
		if t.Values != nil {
			in.taken[t.Values.Name] = true
		}
	}
	for _, n := range m.Graph.Nodes {
		for _, name := range n.Outputs {
			in.taken[name] = true
		}
	}
	top := &scope{opset: opset}
	for _, n := range m.Graph.Nodes {
		if err := in.add(n, top); err != nil {
			return nil, err
		}
	}
	return in.steps, nil
}

func (in *inliner) add(n *onnxpb.Node, s *scope) error {
	st := &step{name: s.prefix + n.Name, op: n.Op, domain: n.Domain, opset: s.opset, from: n,
		inputs: in.resolve(n.Inputs, s), outputs: in.resolve(n.Outputs, s), attrs: s.bind(n.Attributes)}
	if n.Name == "" {
		st.name = ""
	}
	if onnxDomain(n.Domain) {
		st.domain = ""
	}
	in.nodes++
	in.edges += len(n.Inputs) + len(n.Outputs)
	if err := onnxpb.Over("nodes, functions inlined,", in.nodes, in.limits.Nodes); err != nil {
		return err
	}
	if err := onnxpb.Over("edges, functions inlined,", in.edges/64, in.limits.Nodes); err != nil {
		return err
	}
	f := in.functions[functionKey{n.Domain, n.Op, n.Overload}]
	if f == nil || st.domain == "" && graph.Lookup("", n.Op) != nil {
		err := in.bodies(st, s)
		in.steps = append(in.steps, st)
		return err
	}
	return in.call(f, st, s)
}

// call adds the nodes of a function's body in place of the node st that calls it.
func (in *inliner) call(f *onnxpb.Function, st *step, s *scope) error {
	if s.depth >= in.limits.Depth {
		return fmt.Errorf("function %s.%s: calls nested more than %d deep: %w", f.Domain, f.Name, in.limits.Depth, ErrLimit)
	}
	if len(st.inputs) > len(f.Inputs) || len(st.outputs) > len(f.Outputs) {
		return fmt.Errorf("node %q gives %d inputs and takes %d outputs of function %s.%s, which has %d and %d: %w",
			st.name, len(st.inputs), len(st.outputs), f.Domain, f.Name, len(f.Inputs), len(f.Outputs), ErrMalformed)
	}
	inner := &scope{names: map[string]string{"": ""}, attrs: map[string]*onnxpb.Attribute{}, opset: s.opset, depth: s.depth + 1}
	if v, ok := defaultOpset(f.Opsets); ok {
		if v < MinOpset || v > MaxOpset {
			return fmt.Errorf("function %s.%s has opset %d; elbo reads %d to %d: %w", f.Domain, f.Name, v, MinOpset, MaxOpset, graph.ErrUnsupported)
		}
		inner.opset = int(v)
	}
	if inner.prefix = st.name + "/"; st.name == "" {
		inner.prefix = in.free(f.Name) + "/"
	}
	for i, name := range f.Inputs {
		inner.names[name] = ""
		if i < len(st.inputs) {
			inner.names[name] = st.inputs[i]
		}
	}
	for i, name := range f.Outputs {
		if i >= len(st.outputs) || st.outputs[i] == "" {
			continue
		}
		if from, passed := inner.names[name]; passed { // an input handed through
			in.steps = append(in.steps, &step{name: inner.prefix + name, op: "Identity", inputs: []string{from},
				outputs: []string{st.outputs[i]}, opset: inner.opset, from: &onnxpb.Node{}})
			continue
		}
		inner.names[name] = st.outputs[i]
	}
	for _, a := range slices.Concat(f.Defaults, st.attrs) {
		inner.attrs[a.Name] = a
	}
	for _, n := range f.Nodes {
		in.resolve(n.Outputs, inner) // before a body looks for them
	}
	for _, n := range f.Nodes {
		if err := in.add(n, inner); err != nil {
			return err
		}
	}
	return nil
}

func (in *inliner) resolve(names []string, s *scope) []string {
	if s.names == nil {
		return names
	}
	out := make([]string, len(names))
	for i, name := range names {
		actual, ok := s.names[name]
		if !ok {
			actual = in.free(s.prefix + name)
			s.names[name] = actual
		}
		out[i] = actual
	}
	return out
}

// free is name, or name with a number where it is taken.
func (in *inliner) free(name string) string {
	for stem := name; in.taken[name]; {
		in.next++
		name = stem + "_" + strconv.Itoa(in.next)
	}
	in.taken[name] = true
	return name
}

// bind replaces references to the function's attributes by what the caller gave; one that was not given is left out.
func (s *scope) bind(attrs []*onnxpb.Attribute) []*onnxpb.Attribute {
	if !slices.ContainsFunc(attrs, func(a *onnxpb.Attribute) bool { return a.Ref != "" }) {
		return attrs
	}
	var out []*onnxpb.Attribute
	for _, a := range attrs {
		if a.Ref != "" {
			given := s.attrs[a.Ref]
			if given == nil {
				continue
			}
			named := *given
			named.Name = a.Name
			a = &named
		}
		out = append(out, a)
	}
	return out
}
