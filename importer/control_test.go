package importer

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
)

// The parts of models in protobuf, short.
func pbNode(op string, in, out string, attrs ...*onnxpb.Attribute) *onnxpb.Node {
	split := func(s string) []string {
		if s == "" {
			return nil
		}
		return strings.Split(s, " ")
	}
	n := &onnxpb.Node{Op: op, Name: "the_" + op, Inputs: split(in), Outputs: split(out), Attributes: attrs}
	for i, name := range n.Inputs {
		n.Inputs[i] = strings.TrimSuffix(name, "_") // "_" is an input left out
	}
	return n
}

func pbValue(name string, elem int64, dims ...string) *onnxpb.ValueInfo {
	s := &onnxpb.Shape{}
	for _, d := range dims {
		s.Dims = append(s.Dims, &onnxpb.Dim{Param: d})
	}
	return &onnxpb.ValueInfo{Name: name, Type: &onnxpb.Type{Tensor: &onnxpb.TensorType{Elem: elem, Shape: s}}}
}

func pbGraph(inputs, outputs []*onnxpb.ValueInfo, nodes ...*onnxpb.Node) *onnxpb.Graph {
	return &onnxpb.Graph{Name: "g", Inputs: inputs, Outputs: outputs, Nodes: nodes}
}

func pbBody(name string, g *onnxpb.Graph) *onnxpb.Attribute {
	return &onnxpb.Attribute{Name: name, Type: onnxpb.AttrGraph, G: g}
}

func pbModel(g *onnxpb.Graph) []byte {
	m := &onnxpb.Model{IRVersion: 8, Opsets: []*onnxpb.OperatorSet{{Version: 17}}, Graph: g}
	return m.Encode().Bytes()
}

type values = []*onnxpb.ValueInfo

const (
	pbFloat = 1
	pbInt64 = 7
	pbBool  = 9
)

// looping carries s through n iterations of body nodes, which make "s_out" of "s" and what is around.
func looping(nodes ...*onnxpb.Node) *onnxpb.Graph {
	body := pbGraph(values{pbValue("i", pbInt64), pbValue("going", pbBool), pbValue("s", pbFloat, "k")},
		values{pbValue("going_out", pbBool), pbValue("s_out", pbFloat, "k2")},
		append(nodes, pbNode("Identity", "going", "going_out"))...)
	return pbGraph(values{pbValue("n", pbInt64), pbValue("x", pbFloat, "rows")}, values{{Name: "y"}},
		pbNode("Exp", "x", "e"), pbNode("Loop", "n _ x", "y", pbBody("body", body)))
}

// choosing is an If, one branch of which has a sequence in it.
func choosing() *onnxpb.Graph {
	then := pbGraph(nil, values{pbValue("h", pbFloat)}, pbNode("SequenceConstruct", "x x", "l"), pbNode("SequenceLength", "l", "k"), pbNode("SequenceAt", "l k", "h"))
	otherwise := pbGraph(nil, values{pbValue("m", pbFloat)}, pbNode("Neg", "x", "m"))
	return pbGraph(values{pbValue("c", pbBool), pbValue("x", pbFloat, "n")}, values{pbValue("y", pbFloat, "n")},
		pbNode("If", "c", "y", pbBody("then_branch", then), pbBody("else_branch", otherwise)))
}

// A carried value has the shape that its body keeps.
func TestCarriedShapes(t *testing.T) {
	for _, c := range []struct {
		name  string
		nodes []*onnxpb.Node
		want  string
	}{
		{"kept", []*onnxpb.Node{pbNode("Mul", "s e", "s_out")}, "y float32[rows]"},
		{"grown", []*onnxpb.Node{pbNode("Concat", "s e", "s_out", &onnxpb.Attribute{Name: "axis", Type: onnxpb.AttrInt})}, "y float32[y.0]"},
		{"of another rank", []*onnxpb.Node{pbNode("Constant", "", "a", &onnxpb.Attribute{Name: "value_ints", Type: onnxpb.AttrInts, Ints: []int64{0}}),
			pbNode("Unsqueeze", "s a", "s_out")}, "y float32[?]"},
	} {
		g, err := Unmarshal(pbModel(looping(c.nodes...)), Options{})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := g.Outputs[0].String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		b := marshal(t, g)
		if again := unmarshalled(t, b); !bytes.Equal(marshal(t, again), b) {
			t.Errorf("%s: a second round gives other bytes", c.name)
		}
	}
}

// Written, no name of a body is one that it or another body reads of the graph around.
func TestBodiesAreWrittenUnderNamesOfTheirOwn(t *testing.T) {
	branch := func(op string) *onnxpb.Graph {
		return pbGraph(nil, values{pbValue("h", pbFloat)}, pbNode(op, "x", "h"))
	}
	m := pbGraph(values{pbValue("c", pbBool), pbValue("x", pbFloat, "n")}, values{pbValue("y", pbFloat, "n")},
		pbNode("If", "c", "y", pbBody("then_branch", branch("Exp")), pbBody("else_branch", branch("Neg"))))
	g, err := Unmarshal(pbModel(m), Options{})
	if err != nil {
		t.Fatal(err)
	}
	into := graph.New("twice") // the same part twice, under other names
	z := into.Input("x", "rows")
	for _, prefix := range []string{"a/", "b/"} {
		at, err := graph.Append(into, g, map[*graph.Value]*graph.Value{g.Inputs[1]: z}, prefix)
		if err != nil {
			t.Fatal(err)
		}
		into.Output(prefix+"y", at[g.Outputs[0]])
	}
	p, err := onnxpb.Unmarshal(marshal(t, into), onnxpb.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, n := range p.Graph.Nodes {
		for _, a := range n.Attributes {
			for _, m := range a.G.Nodes {
				if seen[m.Outputs[0]] || m.Inputs[0] != "x" {
					t.Errorf("a body makes %q of %q", m.Outputs[0], m.Inputs[0])
				}
				seen[m.Outputs[0]] = true
			}
		}
	}
	if len(seen) != 4 {
		t.Errorf("%d names in four branches", len(seen))
	}
}

// Of an If whose condition shapes decide only the branch that is taken is read, and stands in its place.
func TestDecidedBranchesStandInPlaceOfTheIf(t *testing.T) {
	scalar := func(v int64) *onnxpb.Attribute {
		return &onnxpb.Attribute{Name: "value", Type: onnxpb.AttrTensor, T: &onnxpb.Tensor{DataType: pbInt64, Int64s: []int64{v}}}
	}
	good := pbGraph(nil, values{pbValue("h", pbFloat)}, pbNode("Exp", "x", "h"))
	bad := pbGraph(nil, values{pbValue("h", pbFloat)}, pbNode("Frobnicate", "x", "h"))
	for _, c := range []struct {
		rank int64
		ok   bool
	}{{2, true}, {3, false}} {
		m := pbGraph(values{pbValue("x", pbFloat, "n", "m")}, values{pbValue("y", pbFloat, "n", "m")},
			pbNode("Shape", "x", "s"), pbNode("Size", "s", "r"), pbNode("Constant", "", "k", scalar(c.rank)), pbNode("Equal", "r k", "c"),
			pbNode("If", "c", "y", pbBody("then_branch", good), pbBody("else_branch", bad)))
		g, err := Unmarshal(pbModel(m), Options{})
		if (err == nil) != c.ok || err != nil && !errors.Is(err, graph.ErrUnsupported) {
			t.Fatalf("rank %d: %v", c.rank, err)
		}
		if err != nil && !strings.Contains(err.Error(), `If (node "the_If"`) || err == nil && g.Value("y").Producer.Inputs[0].Producer.Op != "Exp" {
			t.Errorf("rank %d: %v", c.rank, err)
		}
	}
}

// A body within a function reads the function's names and attributes.
func TestBodiesInFunctions(t *testing.T) {
	branch := pbGraph(nil, values{pbValue("h", pbFloat)}, pbNode("LeakyRelu", "inner", "h", &onnxpb.Attribute{Name: "alpha", Type: onnxpb.AttrFloat, Ref: "slope"}))
	m := &onnxpb.Model{IRVersion: 8, Opsets: []*onnxpb.OperatorSet{{Version: 17}, {Domain: "d", Version: 1}},
		Functions: []*onnxpb.Function{{Name: "F", Domain: "d", Inputs: []string{"c", "a"}, Outputs: []string{"b"}, Attributes: []string{"slope"},
			Nodes: []*onnxpb.Node{pbNode("Exp", "a", "inner"), pbNode("If", "c", "b", pbBody("then_branch", branch), pbBody("else_branch", branch))}}},
		Graph: pbGraph(values{pbValue("c", pbBool), pbValue("x", pbFloat, "n")}, values{pbValue("y", pbFloat, "n"), pbValue("z", pbFloat, "n")})}
	for _, out := range []string{"y", "z"} {
		call := pbNode("F", "c x", out, &onnxpb.Attribute{Name: "slope", Type: onnxpb.AttrFloat, F: 0.25})
		call.Domain, call.Name = "d", "call_"+out
		m.Graph.Nodes = append(m.Graph.Nodes, call)
	}
	g, err := Unmarshal(m.Encode().Bytes(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := g.Value("z").Producer
	body := n.Attrs["then_branch"].(*graph.Graph)
	if n.Op != "If" || n.Inputs[1].Producer.Op != "Exp" || body.Nodes[0].Float("alpha", 0) != 0.25 {
		t.Errorf("%s of %v, slope %v", n.Op, n.Inputs, body.Nodes[0].Attrs)
	}
	unmarshalled(t, marshal(t, g))
}

func TestHostileBodies(t *testing.T) {
	nest := func(depth int) *onnxpb.Graph {
		g := looping(pbNode("Mul", "s e", "s_out"))
		for range depth {
			inner := g
			body := pbGraph(values{pbValue("i", pbInt64), pbValue("going", pbBool), pbValue("x", pbFloat, "k")},
				values{pbValue("going", pbBool), pbValue("y", pbFloat)}, pbNode("Exp", "x", "e"), inner.Nodes[1])
			g = pbGraph(inner.Inputs, inner.Outputs, pbNode("Exp", "x", "e"), pbNode("Loop", "n _ x", "y", pbBody("body", body)))
		}
		return g
	}
	for name, c := range map[string]struct {
		g    *onnxpb.Graph
		is   error
		says string
	}{
		"nested too deep":             {nest(30), ErrLimit, "nested"},
		"a value from nowhere":        {looping(pbNode("Mul", "s ghost", "s_out")), ErrMalformed, `"ghost"`},
		"an output from nowhere":      {looping(pbNode("Mul", "s e", "t")), ErrMalformed, `"s_out"`},
		"a circle":                    {looping(pbNode("Mul", "s t", "s_out"), pbNode("Exp", "s_out", "t")), ErrMalformed, "circle"},
		"a circle through the body":   {looping(pbNode("Mul", "s y", "s_out")), ErrMalformed, "circle"},
		"a body that is missing":      {pbGraph(values{pbValue("n", pbInt64)}, values{pbValue("y", pbFloat)}, pbNode("Loop", "n", "y")), ErrMalformed, "body"},
		"carried values of two types": {looping(pbNode("Cast", "s", "s_out", &onnxpb.Attribute{Name: "to", Type: onnxpb.AttrInt, I: 11})), nil, "carried value 0"},
	} {
		_, err := Unmarshal(pbModel(c.g), Options{})
		if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Unmarshal(pbModel(nest(10)), Options{}); err != nil {
		t.Errorf("ten deep: %v", err)
	}
}
