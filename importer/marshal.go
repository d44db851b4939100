package importer

import (
	"fmt"
	"math"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
	"github.com/elbo-ml/elbo/tensor"
)

// irVersion is the IR version of what elbo writes: the one that came with opset 17.
const irVersion = 8

// Marshal writes a graph as an ONNX model: opset 17, IR version 8, producer "elbo".
func Marshal(g *graph.Graph) ([]byte, error) {
	m, err := modelOf(g)
	if err != nil {
		return nil, fmt.Errorf("importer: marshal %s: %w", g.Name, err)
	}
	e := m.Encode()
	if err := checkSize(e); err != nil {
		return nil, fmt.Errorf("importer: marshal %s: %w", g.Name, err)
	}
	return e.Bytes(), nil
}

// checkSize holds to protobuf's bound on a message.
func checkSize(e *onnxpb.Buffer) error {
	if int64(e.Len()) > math.MaxInt32 {
		return fmt.Errorf("the model takes %d bytes and protobuf holds %d: save it with external data: %w", e.Len(), math.MaxInt32, ErrLimit)
	}
	return nil
}

// modelOf is the model of a graph; its tensors share the graph's memory.
func modelOf(g *graph.Graph) (*onnxpb.Model, error) {
	m := &onnxpb.Model{IRVersion: irVersion, ProducerName: "elbo", Graph: &onnxpb.Graph{Name: g.Name, Doc: g.Doc}}
	if m.Graph.Name == "" {
		m.Graph.Name = "elbo" // ONNX wants a name
	}
	if g.Producer == m.ProducerName {
		m.ProducerVersion = g.ProducerVersion
	}
	m.Unknown, m.Graph.Unknown = g.UnknownModel, g.Unknown
	for _, p := range g.Metadata {
		m.Metadata = append(m.Metadata, &onnxpb.Entry{Key: p.Key, Value: p.Value})
	}
	for _, v := range g.Weights {
		t := protoOf(v.Name, v.Data)
		t.Doc, t.Unknown = v.Doc, v.Unknown
		m.Graph.Initializers = append(m.Graph.Initializers, t)
	}
	for _, v := range g.Inputs {
		m.Graph.Inputs = append(m.Graph.Inputs, valueInfo(v, v.Shape))
	}
	for _, v := range g.Outputs {
		m.Graph.Outputs = append(m.Graph.Outputs, valueInfo(v, outputShape(v)))
	}
	for _, v := range constants(g) {
		m.Graph.Nodes = append(m.Graph.Nodes, constantNode(v))
	}
	domains := []string{""}
	for _, n := range g.Nodes {
		p, err := nodeProto(n)
		if err != nil {
			return nil, fmt.Errorf("node %q (%s): %w", n.Name, n.Op, err)
		}
		m.Graph.Nodes = append(m.Graph.Nodes, p)
		if !slices.Contains(domains, n.Domain) {
			domains = append(domains, n.Domain)
		}
	}
	m.Opsets = []*onnxpb.OperatorSet{{Version: graph.Opset}}
	for _, d := range domains[1:] {
		m.Opsets = append(m.Opsets, &onnxpb.OperatorSet{Domain: d, Version: 1})
	}
	return m, nil
}

// constants are the graph's constants in the order in which they are first read.
func constants(g *graph.Graph) []*graph.Value {
	var list []*graph.Value
	seen := map[*graph.Value]bool{}
	add := func(vs []*graph.Value) {
		for _, v := range vs {
			if v != nil && v.Constant && !seen[v] {
				seen[v] = true
				list = append(list, v)
			}
		}
	}
	for _, n := range g.Nodes {
		add(n.Inputs)
	}
	add(g.Outputs)
	return list
}

func constantNode(v *graph.Value) *onnxpb.Node {
	return &onnxpb.Node{Op: "Constant", Name: v.Name, Outputs: []string{v.Name}, Doc: v.Doc,
		Attributes: []*onnxpb.Attribute{{Name: "value", Type: onnxpb.AttrTensor, T: protoOf("", v.Data)}}}
}

func nodeProto(n *graph.Node) (*onnxpb.Node, error) {
	if op := graph.Lookup(n.Domain, n.Op); op != nil && op.Since > graph.Opset {
		return nil, fmt.Errorf("it came with opset %d, and opset %d is written: %w", op.Since, graph.Opset, graph.ErrUnsupported)
	}
	for _, v := range n.Outputs {
		if v != nil && v.DType > tensor.BFloat16 {
			return nil, fmt.Errorf("%v came after opset %d: %w", v, graph.Opset, graph.ErrUnsupported)
		}
	}
	p := &onnxpb.Node{Name: n.Name, Op: n.Op, Domain: n.Domain, Doc: n.Doc, Inputs: names(n.Inputs), Outputs: names(n.Outputs)}
	p.Unknown = n.Unknown
	for _, name := range n.Attrs.Names() {
		a, err := attrProto(name, n.Attrs[name])
		if err != nil {
			return nil, err
		}
		p.Attributes = append(p.Attributes, a)
	}
	return p, nil
}

// names are the values' names, "" for one left out.
func names(vs []*graph.Value) []string {
	out := make([]string, len(vs))
	for i, v := range vs {
		if v != nil {
			out[i] = v.Name
		}
	}
	return out
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
	case *tensor.Tensor:
		a.Type, a.T = onnxpb.AttrTensor, protoOf("", v)
	default:
		return nil, fmt.Errorf("attribute %q holds a %T: %w", name, value, graph.ErrUnsupported)
	}
	return a, nil
}

// outputShape is an output's shape under the names that the file it came from gave to what is not a number.
func outputShape(v *graph.Value) graph.Shape {
	if v.Shape == nil || len(v.Declared) != len(v.Shape) {
		return v.Shape
	}
	s := slices.Clone(v.Shape)
	for i, d := range s {
		_, isNumber := d.Known()
		if _, declaredNumber := v.Declared[i].Known(); !isNumber && !declaredNumber {
			s[i] = v.Declared[i]
		}
	}
	return s
}

// valueInfo is a value's type. An extent that is no number is written as its expression: ONNX's dim_param is any text.
func valueInfo(v *graph.Value, shape graph.Shape) *onnxpb.ValueInfo {
	t := &onnxpb.TensorType{Elem: int64(v.DType)}
	if shape != nil {
		t.Shape = &onnxpb.Shape{}
		for _, d := range shape {
			dim := &onnxpb.Dim{}
			if n, ok := d.Known(); ok {
				dim.Known, dim.Value = true, int64(n)
			} else {
				dim.Param = d.String()
			}
			t.Shape.Dims = append(t.Shape.Dims, dim)
		}
	}
	info := &onnxpb.ValueInfo{Name: v.Name, Type: &onnxpb.Type{Tensor: t}}
	if v.Data == nil {
		info.Doc = v.Doc
		info.Unknown = v.Unknown
	}
	return info
}
