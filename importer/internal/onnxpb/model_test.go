package onnxpb

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"
)

// same compares without the note of which empty fields were written.
var same = cmp.Options{cmpopts.IgnoreUnexported(Fields{}), cmpopts.EquateNaNs(), cmpopts.EquateEmpty()}

// drawModel draws a model with every kind of message in it.
func drawModel(t *rapid.T) *Model {
	name := rapid.StringMatching(`[a-z/_.]{0,8}`)
	number := rapid.Int64()
	raw := rapid.SliceOfN(rapid.Byte(), 0, 20)
	unknown := func() []byte {
		if !rapid.Bool().Draw(t, "has unknown") {
			return nil
		}
		b := protowire.AppendTag(nil, protowire.Number(rapid.IntRange(100, 2000).Draw(t, "number")), protowire.BytesType)
		return protowire.AppendBytes(b, raw.Draw(t, "unknown"))
	}
	tensor := func() *Tensor {
		return &Tensor{Fields: Fields{Unknown: unknown()}, Name: name.Draw(t, "tensor"), Dims: rapid.SliceOfN(number, 0, 4).Draw(t, "dims"),
			DataType: number.Draw(t, "type"), Floats: rapid.SliceOfN(rapid.Float32(), 0, 3).Draw(t, "floats"),
			Int32s: rapid.SliceOfN(number, 0, 3).Draw(t, "int32s"), Int64s: rapid.SliceOfN(number, 0, 3).Draw(t, "int64s"),
			Doubles: rapid.SliceOfN(rapid.Float64(), 0, 3).Draw(t, "doubles"), Uint64s: rapid.SliceOfN(number, 0, 3).Draw(t, "uint64s"),
			Raw: raw.Draw(t, "raw"), External: []*Entry{{Key: name.Draw(t, "key"), Value: name.Draw(t, "value")}}, Location: 1}
	}
	attr := func() *Attribute {
		a := &Attribute{Fields: Fields{Unknown: unknown()}, Name: name.Draw(t, "attribute"), Type: rapid.Int64Range(1, 8).Draw(t, "kind")}
		switch a.Type {
		case AttrFloat:
			a.F = rapid.Float32().Draw(t, "f")
		case AttrInt:
			a.I = number.Draw(t, "i")
		case AttrString:
			a.S = raw.Draw(t, "s")
		case AttrTensor:
			a.T = tensor()
		case AttrGraph:
			a.G = &Graph{Name: name.Draw(t, "subgraph"), Nodes: []*Node{{Op: "Add"}}}
		case AttrFloats:
			a.Floats = rapid.SliceOfN(rapid.Float32(), 0, 5).Draw(t, "floats")
		case AttrInts:
			a.Ints = rapid.SliceOfN(number, 0, 5).Draw(t, "ints")
		case AttrStrings:
			a.Strings = rapid.SliceOfN(raw, 0, 3).Draw(t, "strings")
		}
		return a
	}
	info := func() *ValueInfo {
		return &ValueInfo{Fields: Fields{Unknown: unknown()}, Name: name.Draw(t, "value"), Type: &Type{Tensor: &TensorType{Elem: 1,
			Shape: &Shape{Dims: []*Dim{{Known: true, Value: number.Draw(t, "dim")}, {Param: "batch"}, {Denotation: "N"}}}}}}
	}
	node := func() *Node {
		n := &Node{Fields: Fields{Unknown: unknown()}, Op: name.Draw(t, "op"), Domain: name.Draw(t, "domain"), Name: name.Draw(t, "node"),
			Inputs: rapid.SliceOfN(name, 0, 3).Draw(t, "inputs"), Outputs: rapid.SliceOfN(name, 0, 3).Draw(t, "outputs")}
		for range rapid.IntRange(0, 3).Draw(t, "attributes") {
			n.Attributes = append(n.Attributes, attr())
		}
		return n
	}
	return &Model{Fields: Fields{Unknown: unknown()}, IRVersion: number.Draw(t, "ir"), ProducerName: name.Draw(t, "producer"),
		Opsets: []*OperatorSet{{Version: number.Draw(t, "opset")}}, Metadata: []*Entry{{Key: "k", Value: name.Draw(t, "metadata")}},
		Functions: []*Function{{Name: "F", Inputs: []string{"a", ""}, Attributes: []string{"alpha"}, Defaults: []*Attribute{attr()}, Nodes: []*Node{node()}}},
		Graph: &Graph{Fields: Fields{Unknown: unknown()}, Name: name.Draw(t, "graph"), Nodes: []*Node{node(), node()},
			Initializers: []*Tensor{tensor()},
			Sparse:       []*SparseTensor{{Fields: Fields{Unknown: unknown()}, Values: tensor(), Indices: tensor(), Dims: rapid.SliceOfN(number, 0, 3).Draw(t, "dense")}}, Inputs: []*ValueInfo{info()}, Outputs: []*ValueInfo{info()}, Values: []*ValueInfo{info()}}}
}

// What is encoded decodes to the same, unknown fields included, and encodes to the same bytes again.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		first := m.Encode().Bytes()
		back, err := Unmarshal(first, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(m, back, same); d != "" {
			t.Fatalf("decoded another model: %s", d)
		}
		if !bytes.Equal(back.Encode().Bytes(), first) {
			t.Fatal("encodes to other bytes the second time")
		}
	})
}

// The exports of PyTorch keep every field, those that are empty but written included: not a byte is gained or lost.
func TestRoundTripFixtures(t *testing.T) {
	dir := os.Getenv("ELBO_FIXTURES")
	if dir == "" {
		dir = "../../../../shared/fixtures"
	}
	models, _ := filepath.Glob(filepath.Join(dir, "*", "model.onnx"))
	if len(models) == 0 {
		t.Skipf("no fixtures in %s (ELBO_FIXTURES names the folder)", dir)
	}
	for _, path := range models {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m, err := Unmarshal(b, Limits{})
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		again := m.Encode().Bytes()
		back, err := Unmarshal(again, Limits{})
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if !bytes.Equal(back.Encode().Bytes(), again) {
			t.Errorf("%s: encodes to other bytes the second time", path)
		}
		if len(again) != len(b) {
			t.Errorf("%s: %d bytes became %d", path, len(b), len(again))
		}
	}
}

// A big tensor's bytes are those of the buffer, not a copy.
func TestBigTensorsAreSlices(t *testing.T) {
	m := &Model{Graph: &Graph{Initializers: []*Tensor{{Name: "w", Raw: make([]byte, 1<<20)}}}}
	b := m.Encode().Bytes()
	back, err := Unmarshal(b, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	back.Graph.Initializers[0].Raw[7] = 42
	if bytes.IndexByte(b, 42) < 0 {
		t.Error("writing to the tensor did not write to the buffer")
	}
}

// Numbers that are packed and numbers that are not mean the same.
func TestPackedAndUnpacked(t *testing.T) {
	var unpacked, inner []byte
	for _, v := range []uint64{1, 300} {
		unpacked = protowire.AppendVarint(protowire.AppendTag(unpacked, 1, protowire.VarintType), v)
		inner = protowire.AppendVarint(inner, v)
	}
	for _, b := range [][]byte{unpacked, protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), inner)} {
		p, err := UnmarshalTensor(b, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]int64{1, 300}, p.Dims); d != "" {
			t.Error(d)
		}
	}
}

func TestLimits(t *testing.T) {
	deep := &Graph{Name: "inner"}
	for range 40 {
		deep = &Graph{Nodes: []*Node{{Attributes: []*Attribute{{Type: AttrGraph, G: deep}}}}}
	}
	many := &Graph{}
	for range 100 {
		many.Nodes = append(many.Nodes, &Node{Op: "Add"})
	}
	for name, c := range map[string]struct {
		g *Graph
		l Limits
	}{
		"depth":    {deep, Limits{}},
		"nodes":    {many, Limits{Nodes: 99}},
		"messages": {many, Limits{Messages: 99}},
		"tensors":  {&Graph{Initializers: []*Tensor{{}, {}}}, Limits{Tensors: 1}},
		"values":   {&Graph{Inputs: []*ValueInfo{{}}, Outputs: []*ValueInfo{{}}}, Limits{Values: 1}},
		"rank":     {&Graph{Initializers: []*Tensor{{Dims: make([]int64, 17)}}}, Limits{}},
		"axes":     {&Graph{Inputs: []*ValueInfo{{Type: &Type{Tensor: &TensorType{Shape: &Shape{Dims: make17()}}}}}}, Limits{}},
		"name":     {&Graph{Nodes: []*Node{{Op: strings.Repeat("x", 5000)}}}, Limits{}},
		"edges":    {&Graph{Nodes: []*Node{{Inputs: make([]string, 9)}}}, Limits{Edges: 8}},
		"elements": {&Graph{Initializers: []*Tensor{{Int64s: make([]int64, 9)}}}, Limits{Elements: 8}},
		"bytes":    {many, Limits{Bytes: 10}},
	} {
		if _, err := Unmarshal((&Model{Graph: c.g}).Encode().Bytes(), c.l); !errors.Is(err, ErrLimit) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func make17() []*Dim {
	dims := make([]*Dim, 17)
	for i := range dims {
		dims[i] = &Dim{}
	}
	return dims
}
