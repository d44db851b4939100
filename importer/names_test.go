package importer

import (
	"testing"

	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
)

// A node that is written out as several leaves no two of one name, which ONNX Runtime refuses.
func TestNodesOfOneHaveNamesOfTheirOwn(t *testing.T) {
	input := func(name string, dims ...int64) *onnxpb.ValueInfo {
		s := &onnxpb.Shape{}
		for _, d := range dims {
			s.Dims = append(s.Dims, &onnxpb.Dim{Value: d, Known: true})
		}
		return &onnxpb.ValueInfo{Name: name, Type: &onnxpb.Type{Tensor: &onnxpb.TensorType{Elem: 1, Shape: s}}}
	}
	m := &onnxpb.Model{IRVersion: 8, Opsets: []*onnxpb.OperatorSet{{Version: 17}}, Graph: &onnxpb.Graph{
		Name:    "lstm",
		Inputs:  []*onnxpb.ValueInfo{input("x", 2, 1, 3), input("w", 1, 16, 3), input("r", 1, 16, 4)},
		Outputs: []*onnxpb.ValueInfo{{Name: "y"}, {Name: "h"}, {Name: "c"}},
		Nodes: []*onnxpb.Node{{Op: "LSTM", Name: "lstm", Inputs: []string{"x", "w", "r"}, Outputs: []string{"y", "h", "c"},
			Attributes: []*onnxpb.Attribute{{Name: "hidden_size", Type: onnxpb.AttrInt, I: 4}}}},
	}}
	g, err := Unmarshal(m.Encode().Bytes(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, n := range g.Nodes {
		if seen[n.Name] {
			t.Errorf("two nodes are called %q", n.Name)
		}
		seen[n.Name] = true
	}
}
