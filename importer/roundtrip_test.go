package importer

import (
	"bytes"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
	"github.com/elbo-ml/elbo/tensor"
)

// encoder is a small graph with an input, weights, constants, attributes of several kinds, metadata and an output.
func encoder(t testing.TB) *graph.Graph {
	t.Helper()
	g := graph.New("encoder")
	x := g.Input("x", "batch", 3)
	h := g.Tanh(g.Node("Gemm", graph.Attrs{"transB": int64(1), "alpha": float32(0.5)}, x,
		g.Weight("fc1.weight", tensor.New(tensor.Float32, 4, 3)), g.Weight("fc1.bias", tensor.Vector[float32](1, 2, 3, 4))))
	g.Output("mean", g.Mul(h, g.Scalar(0.5, h)))
	g.Output("sum", g.ReduceSum(h, false, 1))
	g.SetProperty("recipe", "784-500-20")
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	return g
}

func marshal(t testing.TB, g *graph.Graph) []byte {
	t.Helper()
	b, err := Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func unmarshalled(t testing.TB, b []byte) *graph.Graph {
	t.Helper()
	g, err := Unmarshal(b, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := graph.Verify(g); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestMarshalAndBack(t *testing.T) {
	g := encoder(t)
	b := marshal(t, g)
	back := unmarshalled(t, b)
	if got, want := len(back.Nodes), len(g.Nodes); got != want {
		t.Errorf("%d nodes, want %d", got, want)
	}
	if v := back.Value("fc1.bias"); v == nil || !v.IsWeight() || tensor.Data[float32](v.Data)[3] != 4 {
		t.Errorf("the bias came back as %v", v)
	}
	if got := back.Value("mean").String(); got != "mean float32[batch,4]" {
		t.Error(got)
	}
	if back.Property("recipe") != "784-500-20" || back.Producer != "elbo" {
		t.Errorf("metadata %v, producer %q", back.Metadata, back.Producer)
	}
	if !bytes.Equal(marshal(t, back), b) {
		t.Error("a second round gives other bytes")
	}
}

// Every fixture that loads is written and read again without a change.
func TestFixturesRoundTrip(t *testing.T) {
	for _, path := range fixtures(t) {
		g, err := Load(path, Options{})
		if err != nil {
			continue // TestLoadFixtures tells which and why
		}
		if err := graph.Verify(g); err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		b := marshal(t, g)
		if !bytes.Equal(marshal(t, unmarshalled(t, b)), b) {
			t.Errorf("%s: a second round gives other bytes", path)
		}
	}
}

// What elbo does not know of a model survives: protobuf fields at each level, the model's own version and domain, and
// the names of an output's dimensions.
func TestUnknownFieldsSurvive(t *testing.T) {
	m, err := onnxpb.Unmarshal(marshal(t, encoder(t)), onnxpb.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	field := func(text string) []byte { return append([]byte{0xfa, 0x7f, byte(len(text))}, text...) } // field 2047
	m.Unknown, m.Graph.Unknown = field("model"), field("graph")
	m.Graph.Nodes[len(m.Graph.Nodes)-1].Unknown = field("node")
	m.Graph.Initializers[0].Unknown = field("weight")
	m.Graph.Inputs[0].Unknown = field("input")
	m.Graph.Outputs[1].Unknown = field("output")
	m.Graph.Outputs[1].Type.Tensor.Shape.Dims[0].Param = "rows"
	m.ModelVersion, m.Domain, m.Doc = 7, "org.example", "a model"
	again, err := onnxpb.Unmarshal(marshal(t, unmarshalled(t, m.Encode().Bytes())), onnxpb.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	g := again.Graph
	for what, got := range map[string][]byte{"model": again.Unknown, "graph": g.Unknown, "node": g.Nodes[len(g.Nodes)-1].Unknown,
		"weight": g.Initializers[0].Unknown, "input": g.Inputs[0].Unknown, "output": g.Outputs[1].Unknown} {
		if !bytes.Equal(got, field(what)) {
			t.Errorf("%s: the unknown field came back as %q", what, got)
		}
	}
	if got := g.Outputs[1].Type.Tensor.Shape.Dims[0].Param; got != "rows" {
		t.Errorf("the output's dimension is called %q", got)
	}
	if again.ModelVersion != 7 || again.Domain != "org.example" || again.Doc != "a model" {
		t.Errorf("version %d, domain %q, doc %q", again.ModelVersion, again.Domain, again.Doc)
	}
}

// A dimension that is an expression is written as one.
func TestCompoundDimensions(t *testing.T) {
	g := graph.New("twice")
	x := g.Input("x", "batch", 3)
	g.Output("y", g.Node("Concat", graph.Attrs{"axis": int64(0)}, x, x))
	m, err := modelOf(g)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Graph.Outputs[0].Type.Tensor.Shape.Dims[0].Param; got != "2*batch" {
		t.Errorf("the dimension is %q", got)
	}
	unmarshalled(t, marshal(t, g))
}

// Each form in which a TensorProto holds its elements gives the same tensor.
func TestTensorForms(t *testing.T) {
	one := []int64{1}
	for name, c := range map[string]struct {
		p    onnxpb.Tensor
		want *tensor.Tensor
	}{
		"float_data":            {onnxpb.Tensor{DataType: 1, Dims: []int64{2}, Floats: []float32{1, -2}}, tensor.Vector[float32](1, -2)},
		"double_data":           {onnxpb.Tensor{DataType: 11, Dims: one, Doubles: []float64{0.1}}, tensor.Vector(0.1)},
		"int64_data":            {onnxpb.Tensor{DataType: 7, Dims: one, Int64s: []int64{-1 << 40}}, tensor.Vector[int64](-1 << 40)},
		"int32_data":            {onnxpb.Tensor{DataType: 6, Dims: one, Int32s: []int64{-5}}, tensor.Vector[int32](-5)},
		"int8 in int32_data":    {onnxpb.Tensor{DataType: 3, Dims: one, Int32s: []int64{-5}}, tensor.Vector[int8](-5)},
		"uint8 in int32_data":   {onnxpb.Tensor{DataType: 2, Dims: one, Int32s: []int64{250}}, tensor.Vector[uint8](250)},
		"int16 in int32_data":   {onnxpb.Tensor{DataType: 5, Dims: one, Int32s: []int64{-300}}, tensor.Vector[int16](-300)},
		"uint16 in int32_data":  {onnxpb.Tensor{DataType: 4, Dims: one, Int32s: []int64{65535}}, tensor.Vector[uint16](65535)},
		"uint32 in uint64_data": {onnxpb.Tensor{DataType: 12, Dims: one, Uint64s: []int64{1 << 31}}, tensor.Vector[uint32](1 << 31)},
		"uint64_data":           {onnxpb.Tensor{DataType: 13, Dims: one, Uint64s: []int64{-1}}, tensor.Vector[uint64](1<<64 - 1)},
		"bool in int32_data":    {onnxpb.Tensor{DataType: 9, Dims: []int64{2}, Int32s: []int64{7, 0}}, tensor.Vector(true, false)},
		"bool in raw_data":      {onnxpb.Tensor{DataType: 9, Dims: []int64{2}, Raw: []byte{255, 0}}, tensor.Vector(true, false)},
		"raw_data":              {onnxpb.Tensor{DataType: 1, Dims: one, Raw: []byte{0, 0, 0x80, 0x3f}}, tensor.Vector[float32](1)},
		"a scalar":              {onnxpb.Tensor{DataType: 1, Floats: []float32{3}}, tensor.Scalar[float32](3)},
		"nothing":               {onnxpb.Tensor{DataType: 1, Dims: []int64{0, 3}}, tensor.New(tensor.Float32, 0, 3)},
	} {
		b := (&builder{limits: Limits{}.WithDefaults()})
		got, err := b.tensorOf(&c.p)
		if err != nil || got.String() != c.want.String() || !bytes.Equal(got.Bytes(), c.want.Bytes()) {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
	// A float16 keeps its bits, in either form.
	for _, p := range []onnxpb.Tensor{{DataType: 10, Dims: one, Int32s: []int64{0x3c00}}, {DataType: 10, Dims: one, Raw: []byte{0, 0x3c}}} {
		got, err := (&builder{limits: Limits{}.WithDefaults()}).tensorOf(&p)
		if err != nil || got.DType() != tensor.Float16 || tensor.Data[uint16](got)[0] != 0x3c00 {
			t.Errorf("float16: %v %v", got, err)
		}
	}
}

// Initializers that are inputs, too, are weights; other inputs stay inputs.
func TestInitializersThatAreInputs(t *testing.T) {
	m, err := modelOf(encoder(t))
	if err != nil {
		t.Fatal(err)
	}
	m.Graph.Inputs = append(m.Graph.Inputs, &onnxpb.ValueInfo{Name: "fc1.bias", Type: &onnxpb.Type{Tensor: &onnxpb.TensorType{Elem: 1}}})
	g := unmarshalled(t, m.Encode().Bytes())
	if len(g.Inputs) != 1 || len(g.Weights) != 2 {
		t.Errorf("%d inputs, %d weights", len(g.Inputs), len(g.Weights))
	}
}

// Nodes in any order come out in topological order.
func TestNodesOutOfOrder(t *testing.T) {
	m, err := modelOf(encoder(t))
	if err != nil {
		t.Fatal(err)
	}
	n := m.Graph.Nodes
	for i, j := 0, len(n)-1; i < j; i, j = i+1, j-1 {
		n[i], n[j] = n[j], n[i]
	}
	unmarshalled(t, m.Encode().Bytes()) // Verify holds the order
}

// Unsupported operators are all named in one error, with their nodes.
func TestOneErrorForAllUnsupported(t *testing.T) {
	m, err := modelOf(encoder(t))
	if err != nil {
		t.Fatal(err)
	}
	m.Graph.Nodes = append(m.Graph.Nodes,
		&onnxpb.Node{Op: "Frobnicate", Name: "first", Inputs: []string{"x"}, Outputs: []string{"f"}},
		&onnxpb.Node{Op: "Relu", Inputs: []string{"f"}, Outputs: []string{"r"}},
		&onnxpb.Node{Op: "Fuse", Domain: "org.example", Name: "second", Inputs: []string{"r"}, Outputs: []string{"s"}},
		&onnxpb.Node{Op: "ImageDecoder", Name: "third", Inputs: []string{"s"}, Outputs: []string{"u"},
			Attributes: []*onnxpb.Attribute{{Name: "graph", Type: onnxpb.AttrGraph, G: &onnxpb.Graph{}}}})
	_, err = Unmarshal(m.Encode().Bytes(), Options{})
	if err == nil {
		t.Fatal("no error")
	}
	want := `importer: 3 unsupported operators: Frobnicate (node "first", opset 17), org.example::Fuse (node "second", opset 17), ImageDecoder (node "third", opset 17)`
	if err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
	g, err := Unmarshal(m.Encode().Bytes(), Options{Partial: true})
	if err != nil || !strings.Contains(g.Value("r").String(), "[?]") {
		t.Errorf("in part: %v", err)
	}
}

func TestVersionsOutOfRange(t *testing.T) {
	for _, c := range []struct {
		ir, opset int64
		want      string
	}{
		{8, 5, "importer: the model has opset 5; elbo reads 6 to 27: export it with opset 17: unsupported"},
		{8, 28, "importer: the model has opset 28; elbo reads 6 to 27: export it with opset 17: unsupported"},
		{99, 17, "importer: the model has IR version 99; elbo reads 3 to 13: export it anew: unsupported"},
	} {
		m, err := modelOf(encoder(t))
		if err != nil {
			t.Fatal(err)
		}
		m.IRVersion, m.Opsets[0].Version = c.ir, c.opset
		if _, err := Unmarshal(m.Encode().Bytes(), Options{}); err == nil || err.Error() != c.want {
			t.Errorf("%v\nwant %s", err, c.want)
		}
	}
}
