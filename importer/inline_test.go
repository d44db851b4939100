package importer

import (
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
)

// called is a model whose nodes call its own functions: Outer calls Leaky with the slope it was given, or its default.
func called(calls ...*onnxpb.Node) *onnxpb.Model {
	leaky := &onnxpb.Function{Name: "Leaky", Domain: "own", Inputs: []string{"a"}, Outputs: []string{"b"}, Attributes: []string{"slope"},
		Opsets: []*onnxpb.OperatorSet{{Version: 16}}, Nodes: []*onnxpb.Node{
			{Op: "LeakyRelu", Name: "act", Inputs: []string{"hidden"}, Outputs: []string{"b"},
				Attributes: []*onnxpb.Attribute{{Name: "alpha", Type: onnxpb.AttrFloat, Ref: "slope"}}},
			{Op: "Neg", Inputs: []string{"a"}, Outputs: []string{"hidden"}}}}
	outer := &onnxpb.Function{Name: "Outer", Domain: "own", Inputs: []string{"x", "optional"}, Outputs: []string{"y", "x"},
		Opsets:   []*onnxpb.OperatorSet{{Version: 16}, {Domain: "own", Version: 1}},
		Defaults: []*onnxpb.Attribute{{Name: "alpha", Type: onnxpb.AttrFloat, F: 0.5}},
		Nodes: []*onnxpb.Node{{Op: "Leaky", Domain: "own", Name: "inner", Inputs: []string{"x"}, Outputs: []string{"y"},
			Attributes: []*onnxpb.Attribute{{Name: "slope", Type: onnxpb.AttrFloat, Ref: "alpha"}}}}}
	info := func(name string) *onnxpb.ValueInfo {
		return &onnxpb.ValueInfo{Name: name, Type: &onnxpb.Type{Tensor: &onnxpb.TensorType{Elem: 1, Shape: &onnxpb.Shape{Dims: []*onnxpb.Dim{{Param: "n"}}}}}}
	}
	g := &onnxpb.Graph{Name: "g", Inputs: []*onnxpb.ValueInfo{info("x")}, Nodes: calls}
	for _, n := range calls {
		for _, y := range n.Outputs {
			g.Outputs = append(g.Outputs, info(y))
		}
	}
	return &onnxpb.Model{IRVersion: 8, Opsets: []*onnxpb.OperatorSet{{Version: 16}, {Domain: "own", Version: 1}}, Graph: g,
		Functions: []*onnxpb.Function{outer, leaky}}
}

// slopes are the alphas of the LeakyRelu nodes, in order.
func slopes(g *graph.Graph) []float32 {
	var out []float32
	for _, n := range g.Nodes {
		if n.Op == "LeakyRelu" {
			out = append(out, n.Float("alpha", -1))
		}
	}
	return out
}

// Calls within calls become their nodes; attributes are handed down, with defaults; names stay apart.
func TestFunctionsAreInlined(t *testing.T) {
	m := called(
		&onnxpb.Node{Op: "Outer", Domain: "own", Name: "one", Inputs: []string{"x"}, Outputs: []string{"y1"},
			Attributes: []*onnxpb.Attribute{{Name: "alpha", Type: onnxpb.AttrFloat, F: 0.25}}},
		&onnxpb.Node{Op: "Outer", Domain: "own", Inputs: []string{"y1"}, Outputs: []string{"y2"}},
		&onnxpb.Node{Op: "Outer", Domain: "own", Inputs: []string{"y2"}, Outputs: []string{"y3"}})
	g := unmarshalled(t, m.Encode().Bytes())
	if got := slopes(g); len(got) != 3 || got[0] != 0.25 || got[1] != 0.5 || got[2] != 0.5 {
		t.Errorf("slopes %v", got)
	}
	if len(g.Nodes) != 6 || g.Nodes[1].Name != "one/inner/act" || g.Value("one/inner/hidden") == nil {
		t.Errorf("%d nodes, the second is %q", len(g.Nodes), g.Nodes[1].Name)
	}
}

// A function that gives an input out again hands the value through.
func TestFunctionPassesAnInputThrough(t *testing.T) {
	g := unmarshalled(t, called(&onnxpb.Node{Op: "Outer", Domain: "own", Inputs: []string{"x"}, Outputs: []string{"y", "same"}}).Encode().Bytes())
	if n := g.Value("same").Producer; n == nil || n.Op != "Identity" || n.Inputs[0] != g.Value("x") {
		t.Errorf("made by %v", n)
	}
}

// A call that leaves the slope out leaves the operator its own default.
func TestAttributeThatIsNotGiven(t *testing.T) {
	g := unmarshalled(t, called(&onnxpb.Node{Op: "Leaky", Domain: "own", Inputs: []string{"x"}, Outputs: []string{"y"}}).Encode().Bytes())
	for _, n := range g.Nodes {
		if n.Op == "LeakyRelu" && n.Has("alpha") {
			t.Errorf("alpha is %v", n.Float("alpha", -1))
		}
	}
}

func TestFunctionCalledWithTooMuch(t *testing.T) {
	m := called(&onnxpb.Node{Op: "Leaky", Domain: "own", Name: "call", Inputs: []string{"x", "x"}, Outputs: []string{"y"}})
	if _, err := Unmarshal(m.Encode().Bytes(), Options{}); err == nil {
		t.Error("no error")
	}
}
