package importer

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
	"github.com/elbo-ml/elbo/tensor"
)

// writer writes a graph and the bodies within it. Names in a body must differ from all those around it, which ONNX lets
// the body read.
type writer struct {
	taken   map[string]bool
	names   map[*graph.Value]string // of values in bodies; others are written under their own
	domains []string
}

func newWriter(g *graph.Graph) *writer {
	w := &writer{taken: map[string]bool{}, names: map[*graph.Value]string{}, domains: []string{""}}
	for _, v := range slices.Concat(g.Inputs, g.Weights, constants(g)) {
		w.taken[v.Name] = true
	}
	for _, n := range g.Nodes {
		for _, v := range n.Outputs {
			if v != nil {
				w.taken[v.Name] = true
			}
		}
	}
	return w
}

// write adds to p what g holds but for its weights.
func (w *writer) write(g *graph.Graph, p *onnxpb.Graph) error {
	for _, v := range g.Inputs {
		p.Inputs = append(p.Inputs, valueInfo(v, w.name(v), v.Shape))
	}
	for _, v := range constants(g) {
		p.Nodes = append(p.Nodes, w.constant(v))
	}
	for _, n := range g.Nodes {
		q, err := w.node(n)
		if err != nil {
			return fmt.Errorf("node %q (%s): %w", n.Name, n.Op, err)
		}
		p.Nodes = append(p.Nodes, q)
		if !slices.Contains(w.domains, n.Domain) {
			w.domains = append(w.domains, n.Domain)
		}
	}
	for _, v := range g.Outputs {
		p.Outputs = append(p.Outputs, valueInfo(v, w.name(v), outputShape(v)))
	}
	return nil
}

func (w *writer) name(v *graph.Value) string {
	if name, ok := w.names[v]; ok {
		return name
	}
	return v.Name
}

// list are the values' names, "" for one left out.
func (w *writer) list(vs []*graph.Value) []string {
	out := make([]string, len(vs))
	for i, v := range vs {
		if v != nil {
			out[i] = w.name(v)
		}
	}
	return out
}

func (w *writer) constant(v *graph.Value) *onnxpb.Node {
	name := w.name(v)
	return &onnxpb.Node{Op: "Constant", Name: name, Outputs: []string{name}, Doc: v.Doc,
		Attributes: []*onnxpb.Attribute{{Name: "value", Type: onnxpb.AttrTensor, T: protoOf("", v.Data)}}}
}

func (w *writer) node(n *graph.Node) (*onnxpb.Node, error) {
	p := &onnxpb.Node{Name: n.Name, Op: n.Op, Domain: n.Domain, Doc: n.Doc, Inputs: w.list(n.Own()), Outputs: w.list(n.Outputs)}
	p.Unknown = n.Unknown
	captured := n.Inputs[len(n.Own()):]
	bodies := n.Bodies()
	protos := map[*graph.Graph]*onnxpb.Graph{}
	for _, b := range bodies { // in the order in which their values stand among the inputs
		q, err := w.body(b, captured[:len(b.Outer)])
		if err != nil {
			return nil, err
		}
		protos[b], captured = q, captured[len(b.Outer):]
	}
	for _, name := range n.Attrs.Names() {
		if b, ok := n.Attrs[name].(*graph.Graph); ok && protos[b] != nil {
			p.Attributes = append(p.Attributes, &onnxpb.Attribute{Name: name, Type: onnxpb.AttrGraph, G: protos[b]})
			continue
		}
		a, err := attrProto(name, n.Attrs[name])
		if err != nil {
			return nil, err
		}
		p.Attributes = append(p.Attributes, a)
	}
	return p, nil
}

// body writes a body that reads the values captured of the graph around it.
func (w *writer) body(b *graph.Graph, captured []*graph.Value) (*onnxpb.Graph, error) {
	for i, v := range b.Outer {
		w.names[v] = w.name(captured[i])
	}
	for _, v := range slices.Concat(b.Inputs, constants(b)) {
		w.claim(v)
	}
	for _, n := range b.Nodes {
		for _, v := range n.Outputs {
			if v != nil {
				w.claim(v)
			}
		}
	}
	p := &onnxpb.Graph{Name: b.Name, Doc: b.Doc}
	if p.Name == "" {
		p.Name = "body" // ONNX wants a name
	}
	return p, w.write(b, p)
}

// claim gives v its name, or one that starts with it where it is taken.
func (w *writer) claim(v *graph.Value) {
	name := v.Name
	for i := 1; w.taken[name]; i++ {
		name = v.Name + "_" + strconv.Itoa(i)
	}
	w.taken[name], w.names[v] = true, name
}

func attrProto(name string, value any) (*onnxpb.Attribute, error) {
	a := &onnxpb.Attribute{Name: name}
	switch v := value.(type) {
	case float32:
		a.Type, a.F = onnxpb.AttrFloat, v
	case int64:
		a.Type, a.I = onnxpb.AttrInt, v
	case string:
		a.Type, a.S = onnxpb.AttrString, []byte(v)
	case []float32:
		a.Type, a.Floats = onnxpb.AttrFloats, v
	case []int64:
		a.Type, a.Ints = onnxpb.AttrInts, v
	case []string:
		a.Type = onnxpb.AttrStrings
		for _, s := range v {
			a.Strings = append(a.Strings, []byte(s))
		}
	case *graph.Value:
		a.Type, a.TP = onnxpb.AttrType, valueInfo(v, "", v.Shape).Type
	case *tensor.Tensor:
		a.Type, a.T = onnxpb.AttrTensor, protoOf("", v)
	default:
		return nil, fmt.Errorf("attribute %q holds a %T: %w", name, value, graph.ErrUnsupported)
	}
	return a, nil
}
