package onnxgo

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	gorgonia "gorgonia.org/tensor"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
	"github.com/elbo-ml/elbo/tensor"
)

// irVersion is the first that lets initializers stand apart from the inputs.
const irVersion = 4

// model is the graph as ONNX holds it, with inputs of the types and shapes of these tensors.
func (g *Graph) model(inputs []*value, tensors []*tensor.Tensor, outputs []*value) (*onnxpb.Model, error) {
	m := &onnxpb.Model{IRVersion: irVersion, Opsets: []*onnxpb.OperatorSet{{Version: int64(g.opset)}}, Graph: &onnxpb.Graph{Name: "onnx-go"}}
	for i, v := range inputs {
		m.Graph.Inputs = append(m.Graph.Inputs, port(v, tensors[i]))
	}
	for _, v := range g.values {
		if v.made || v.tensor == nil || slices.Contains(inputs, v) {
			continue
		}
		t, err := fromGorgonia(v.tensor)
		if err != nil {
			return nil, fmt.Errorf("initializer %q: %w", v.name, err)
		}
		p := protoOf(t)
		p.Name = nameOf(v)
		m.Graph.Initializers = append(m.Graph.Initializers, p)
	}
	for _, o := range g.operators {
		n, err := node(o)
		if err != nil {
			return nil, fmt.Errorf("operator %s: %w", o.Name, err)
		}
		m.Graph.Nodes = append(m.Graph.Nodes, n)
	}
	for _, v := range outputs {
		m.Graph.Outputs = append(m.Graph.Outputs, &onnxpb.ValueInfo{Name: nameOf(v)})
	}
	return m, nil
}

// nameOf is a name that no other value has. The value of the empty name is the one that is left out.
func nameOf(v *value) string {
	if v == nil || v.name == "" {
		return ""
	}
	return v.name + "#" + strconv.FormatInt(v.id, 10)
}

// port declares an input of t's type and shape.
func port(v *value, t *tensor.Tensor) *onnxpb.ValueInfo {
	s := &onnxpb.Shape{}
	for _, n := range t.Shape() {
		s.Dims = append(s.Dims, &onnxpb.Dim{Value: int64(n), Known: true})
	}
	return &onnxpb.ValueInfo{Name: nameOf(v), Type: &onnxpb.Type{Tensor: &onnxpb.TensorType{Elem: int64(t.DType()), Shape: s}}}
}

// node is an operator. The decoder gives one without operands an empty value to read, which is left out again.
func node(o operator) (*onnxpb.Node, error) {
	n := &onnxpb.Node{Op: o.Name}
	for _, v := range o.outputs[0].operands {
		if v != nil && !v.made && v.tensor == nil {
			v = nil
		}
		n.Inputs = append(n.Inputs, nameOf(v))
	}
	if len(n.Inputs) == 1 && n.Inputs[0] == "" {
		n.Inputs = nil
	}
	for _, v := range o.outputs {
		n.Outputs = append(n.Outputs, nameOf(v))
	}
	for _, name := range slices.Sorted(maps.Keys(o.Attributes)) {
		a, err := attribute(o.Attributes[name])
		if err != nil {
			return nil, fmt.Errorf("attribute %q: %w", name, err)
		}
		a.Name = name
		n.Attributes = append(n.Attributes, a)
	}
	return n, nil
}

func attribute(x any) (*onnxpb.Attribute, error) {
	switch x := x.(type) {
	case float32:
		return &onnxpb.Attribute{Type: onnxpb.AttrFloat, F: x}, nil
	case int64:
		return &onnxpb.Attribute{Type: onnxpb.AttrInt, I: x}, nil
	case string:
		return &onnxpb.Attribute{Type: onnxpb.AttrString, S: []byte(x)}, nil
	case []float32:
		return &onnxpb.Attribute{Type: onnxpb.AttrFloats, Floats: x}, nil
	case []int64:
		return &onnxpb.Attribute{Type: onnxpb.AttrInts, Ints: x}, nil
	case []string:
		a := &onnxpb.Attribute{Type: onnxpb.AttrStrings}
		for _, s := range x {
			a.Strings = append(a.Strings, []byte(s))
		}
		return a, nil
	case gorgonia.Tensor:
		t, err := fromGorgonia(x)
		if err != nil {
			return nil, err
		}
		return &onnxpb.Attribute{Type: onnxpb.AttrTensor, T: protoOf(t)}, nil
	}
	return nil, fmt.Errorf("a value of type %T: %w", x, graph.ErrUnsupported)
}

func protoOf(t *tensor.Tensor) *onnxpb.Tensor {
	p := &onnxpb.Tensor{DataType: int64(t.DType()), Raw: t.Bytes()}
	for _, n := range t.Shape() {
		p.Dims = append(p.Dims, int64(n))
	}
	return p
}
