package importer

import (
	"fmt"
	"math"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
	"github.com/elbo-ml/elbo/tensor"
)

// Marshal writes a graph as an ONNX model of opset 17, or of the least above it that has the graph's operators and types:
// see SaveOptions.Opset. Its producer is "elbo".
func Marshal(g *graph.Graph) ([]byte, error) { return MarshalAs(g, SaveOptions{}) }

// MarshalAs is Marshal in the form that the options ask for; External and Force are for files.
func MarshalAs(g *graph.Graph, o SaveOptions) ([]byte, error) {
	m, err := modelAs(g, o)
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

// modelOf is modelAs without options.
func modelOf(g *graph.Graph) (*onnxpb.Model, error) { return modelAs(g, SaveOptions{}) }

// modelAs is the model of a graph at an opset, with the lowest IR version that has it. Its tensors share the graph's
// memory.
func modelAs(g *graph.Graph, o SaveOptions) (*onnxpb.Model, error) {
	g, opset, err := reform(g, o.Opset)
	if err != nil {
		return nil, err
	}
	if o.Float16 {
		halve(g)
	}
	if err := g.Err(); err != nil {
		return nil, err
	}
	m := &onnxpb.Model{IRVersion: irVersions[opset], ProducerName: "elbo", Graph: &onnxpb.Graph{Name: g.Name, Doc: g.Doc}}
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
	if o.Sparse {
		fold(m.Graph)
	}
	w := newWriter(g)
	if err := w.write(g, m.Graph); err != nil {
		return nil, err
	}
	m.Opsets = []*onnxpb.OperatorSet{{Version: int64(opset)}}
	for _, d := range w.domains[1:] {
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
func valueInfo(v *graph.Value, name string, shape graph.Shape) *onnxpb.ValueInfo {
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
	typed := &onnxpb.Type{Tensor: t}
	if v.Kind == tensor.Sequence || v.Kind == tensor.OptionalSequence {
		typed = &onnxpb.Type{Sequence: &onnxpb.ElementType{Elem: typed}}
	}
	if v.Kind == tensor.Optional || v.Kind == tensor.OptionalSequence {
		typed = &onnxpb.Type{Optional: &onnxpb.ElementType{Elem: typed}}
	}
	info := &onnxpb.ValueInfo{Name: name, Type: typed}
	if v.Data == nil {
		info.Doc = v.Doc
		info.Unknown = v.Unknown
	}
	return info
}
