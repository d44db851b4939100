package importer

import (
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
	"github.com/elbo-ml/elbo/tensor"
)

// A model cut off at any byte is refused, or is a smaller model: it never panics.
func TestTruncatedAtEveryByte(t *testing.T) {
	b := marshal(t, encoder(t))
	for n := range b {
		if g, err := Unmarshal(b[:n:n], Options{}); err == nil {
			if err := graph.Verify(g); err != nil {
				t.Errorf("cut off at %d: %v", n, err)
			}
		}
	}
}

// A model with any byte changed is refused or sound.
func TestEveryByteChanged(t *testing.T) {
	b := marshal(t, encoder(t))
	for i := range b {
		for _, x := range []byte{0x01, 0x80, 0xff} {
			b[i] ^= x
			if g, err := Unmarshal(b, Options{}); err == nil {
				if err := graph.Verify(g); err != nil {
					t.Errorf("byte %d ^ %#x: %v", i, x, err)
				}
			}
			b[i] ^= x
		}
	}
}

// hostile changes the small encoder's model.
func hostile(t *testing.T, change func(g *onnxpb.Graph, m *onnxpb.Model)) error {
	t.Helper()
	m, err := modelOf(encoder(t))
	if err != nil {
		t.Fatal(err)
	}
	change(m.Graph, m)
	_, err = Unmarshal(m.Encode().Bytes(), Options{})
	return err
}

func TestHostileModels(t *testing.T) {
	relu := func(in, out string) *onnxpb.Node {
		return &onnxpb.Node{Op: "Relu", Inputs: []string{in}, Outputs: []string{out}}
	}
	for name, c := range map[string]struct {
		change func(g *onnxpb.Graph, m *onnxpb.Model)
		is     error
		says   string
	}{
		"huge dimensions":    {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Initializers[0].Dims = []int64{1 << 40, 1 << 40} }, tensor.ErrShape, "too many elements"},
		"many elements":      {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Initializers[0].Dims = []int64{1 << 33} }, ErrLimit, "elements in a tensor"},
		"negative dimension": {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Initializers[0].Dims = []int64{-4, -3} }, ErrMalformed, "dimension 0 is -4"},
		"more than there is": {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Initializers[0].Dims = []int64{400, 300} }, tensor.ErrShape, `initializer "fc1.weight"`},
		"nothing there": {func(g *onnxpb.Graph, _ *onnxpb.Model) {
			g.Initializers[0].Raw = nil
			g.Initializers[0].Dims = []int64{1 << 30}
		}, ErrMalformed, "0 elements"},
		"two types of data":            {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Initializers[0].DataType = 11 }, tensor.ErrShape, "48 bytes"},
		"strings":                      {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Initializers[0].DataType = 8 }, ErrMalformed, "0 strings"},
		"unknown type":                 {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Initializers[0].DataType = 1 << 40 }, graph.ErrUnsupported, "element type"},
		"two initializers of one name": {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Initializers[1].Name = "fc1.weight" }, ErrMalformed, `two values are called "fc1.weight"`},
		"two inputs of one name":       {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Inputs = append(g.Inputs, g.Inputs[0]) }, ErrMalformed, "two values"},
		"two nodes write one value":    {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Nodes = append(g.Nodes, relu("x", "mean")) }, ErrMalformed, "two values"},
		"a node writes an input":       {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Nodes = append(g.Nodes, relu("mean", "x")) }, ErrMalformed, "two values"},
		"a circle":                     {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Nodes = append(g.Nodes, relu("b", "a"), relu("a", "b")) }, ErrMalformed, "circle"},
		"a node that feeds itself":     {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Nodes = append(g.Nodes, relu("a", "a")) }, ErrMalformed, "circle"},
		"a value from nowhere":         {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Nodes = append(g.Nodes, relu("ghost", "a")) }, ErrMalformed, `"ghost"`},
		"an output from nowhere":       {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Outputs[0].Name = "ghost" }, ErrMalformed, `"ghost"`},
		"no outputs":                   {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Outputs = nil }, ErrMalformed, "no outputs"},
		"no opset":                     {func(_ *onnxpb.Graph, m *onnxpb.Model) { m.Opsets = nil }, ErrMalformed, "opset"},
		"no graph":                     {func(_ *onnxpb.Graph, m *onnxpb.Model) { m.Graph = nil }, ErrMalformed, "no graph"},
		"sparse without a name":        {sparse(func(s *onnxpb.SparseTensor) { s.Values.Name = "" }), ErrMalformed, "no name"},
		"sparse without values":        {sparse(func(s *onnxpb.SparseTensor) { s.Values = nil }), ErrMalformed, "no name"},
		"sparse without places":        {sparse(func(s *onnxpb.SparseTensor) { s.Indices = nil }), ErrMalformed, "indices are missing"},
		"sparse places beyond":         {sparse(func(s *onnxpb.SparseTensor) { s.Indices.Int64s[1] = 12 }), ErrMalformed, "index 1 is 12"},
		"sparse places below":          {sparse(func(s *onnxpb.SparseTensor) { s.Indices.Int64s[0] = -1 }), ErrMalformed, "index 0 is -1"},
		"sparse places twice":          {sparse(func(s *onnxpb.SparseTensor) { s.Indices.Int64s[1] = 2 }), ErrMalformed, "index 1 is 2"},
		"sparse places too few":        {sparse(func(s *onnxpb.SparseTensor) { s.Indices.Dims[0], s.Indices.Int64s = 1, s.Indices.Int64s[:1] }), ErrMalformed, "indices of shape"},
		"sparse and huge":              {sparse(func(s *onnxpb.SparseTensor) { s.Dims = []int64{1 << 20, 1 << 10} }), ErrLimit, "elements in sparse tensors"},
		"sparse of negative extent":    {sparse(func(s *onnxpb.SparseTensor) { s.Dims[0] = -3 }), ErrMalformed, "dimension 0 is -3"},
		"sparse axes beyond": {sparse(func(s *onnxpb.SparseTensor) {
			s.Indices.Dims, s.Indices.Int64s = []int64{2, 2}, []int64{0, 2, 1, 4}
		}), ErrMalformed, "index 1 is 4 on axis 1"},
		"an input without a type":  {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Inputs[0].Type = nil }, graph.ErrUnsupported, `input "x"`},
		"an input without a shape": {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Inputs[0].Type.Tensor.Shape = nil }, graph.ErrUnsupported, "unknown rank"},
		"a node without inputs":    {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Nodes[len(g.Nodes)-1].Inputs = nil }, nil, "inputs"},
		"a function that calls itself": {func(g *onnxpb.Graph, m *onnxpb.Model) {
			call := &onnxpb.Node{Op: "F", Domain: "d", Inputs: []string{"x"}, Outputs: []string{"f"}}
			m.Functions = []*onnxpb.Function{{Name: "F", Domain: "d", Inputs: []string{"x"}, Outputs: []string{"f"}, Nodes: []*onnxpb.Node{call}}}
			g.Nodes = append(g.Nodes, call)
		}, ErrLimit, "nested"},
		"functions that double each time": {func(g *onnxpb.Graph, m *onnxpb.Model) {
			for i := range 12 {
				var body []*onnxpb.Node
				for range 10 {
					body = append(body, &onnxpb.Node{Op: "F" + string(rune('b'+i)), Domain: "d"})
				}
				m.Functions = append(m.Functions, &onnxpb.Function{Name: "F" + string(rune('a'+i)), Domain: "d", Nodes: body})
			}
			g.Nodes = append(g.Nodes, &onnxpb.Node{Op: "Fa", Domain: "d"})
		}, ErrLimit, "nodes"},
		"functions that call each other": {func(g *onnxpb.Graph, m *onnxpb.Model) {
			for _, pair := range [][2]string{{"F", "G"}, {"G", "F"}} {
				m.Functions = append(m.Functions, &onnxpb.Function{Name: pair[0], Domain: "d", Inputs: []string{"x"}, Outputs: []string{"f"},
					Nodes: []*onnxpb.Node{{Op: pair[1], Domain: "d", Inputs: []string{"x"}, Outputs: []string{"f"}}}})
			}
			g.Nodes = append(g.Nodes, &onnxpb.Node{Op: "F", Domain: "d", Inputs: []string{"x"}, Outputs: []string{"f"}})
		}, ErrLimit, "nested"},
		"a circle in a function": {func(g *onnxpb.Graph, m *onnxpb.Model) {
			m.Functions = []*onnxpb.Function{{Name: "F", Domain: "d", Inputs: []string{"x"}, Outputs: []string{"b"}, Nodes: []*onnxpb.Node{relu("b", "a"), relu("a", "b")}}}
			g.Nodes = append(g.Nodes, &onnxpb.Node{Op: "F", Domain: "d", Inputs: []string{"x"}, Outputs: []string{"f"}})
		}, ErrMalformed, "circle"},
		"two functions of one name": {func(_ *onnxpb.Graph, m *onnxpb.Model) {
			m.Functions = []*onnxpb.Function{{Name: "F", Domain: "d"}, {Name: "F", Domain: "d"}}
		}, ErrMalformed, "two functions are called d.F"},
		"two parameters of one name": {func(_ *onnxpb.Graph, m *onnxpb.Model) {
			m.Functions = []*onnxpb.Function{{Name: "F", Domain: "d", Inputs: []string{"x", "x"}}}
		}, ErrMalformed, `two of its parameters are called "x"`},
		"two versions of one domain": {func(_ *onnxpb.Graph, m *onnxpb.Model) {
			m.Opsets = append(m.Opsets, &onnxpb.OperatorSet{Domain: "ai.onnx", Version: 9})
		}, ErrMalformed, "versions 17 and 9"},
		"two attributes of one name": {func(g *onnxpb.Graph, _ *onnxpb.Model) {
			n := g.Nodes[len(g.Nodes)-1]
			n.Attributes = append(n.Attributes, &onnxpb.Attribute{Name: "a", Type: onnxpb.AttrInt}, &onnxpb.Attribute{Name: "a", Type: onnxpb.AttrInt, I: 1})
		}, ErrMalformed, `two attributes "a"`},
		"one output twice": {func(g *onnxpb.Graph, _ *onnxpb.Model) {
			g.Nodes = append(g.Nodes, &onnxpb.Node{Op: "Split", Inputs: []string{"x"}, Outputs: []string{"s", "s"}})
		}, ErrMalformed, "two values"},
		"graphs within graphs": {func(g *onnxpb.Graph, _ *onnxpb.Model) {
			for range 100 {
				body := *g
				g.Nodes = []*onnxpb.Node{{Op: "If", Inputs: []string{"x"}, Outputs: []string{"mean"}, Attributes: []*onnxpb.Attribute{{Name: "then_branch", Type: onnxpb.AttrGraph, G: &body}}}}
			}
		}, ErrLimit, "nested more than 16 deep"},
		"dimensions whose product wraps": {func(g *onnxpb.Graph, _ *onnxpb.Model) {
			g.Initializers[0].Dims = []int64{1 << 32, 1 << 32, 4}
		}, tensor.ErrShape, "too many elements"},
		"dimensions whose product wraps to what is there": {func(g *onnxpb.Graph, _ *onnxpb.Model) {
			g.Initializers[0].Dims = []int64{1<<62 + 3, 4} // 12 modulo 2^64
		}, nil, `initializer "fc1.weight"`},
		"strings that are not there": {func(g *onnxpb.Graph, _ *onnxpb.Model) {
			g.Initializers[0].DataType, g.Initializers[0].Raw, g.Initializers[0].Dims = 8, nil, []int64{1 << 30}
		}, nil, `initializer "fc1.weight"`},
	} {
		err := hostile(t, c.change)
		if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A string, and a tensor's bytes, of a length far beyond the file are refused before memory is taken.
func TestLengthsBeyondTheFile(t *testing.T) {
	for name, path := range map[string][]protowire.Number{
		"the graph's name":     {7, 2},
		"a tensor's bytes":     {7, 5, 9},
		"a tensor's floats":    {7, 5, 4},
		"a string of a tensor": {7, 5, 6},
		"a node's name":        {7, 1, 3},
		"an attribute's text":  {7, 1, 5, 4},
		"metadata":             {14, 2},
	} {
		for _, length := range []uint64{100, 1 << 31, 1 << 62, math.MaxUint64} {
			b := protowire.AppendVarint(protowire.AppendTag(nil, path[len(path)-1], protowire.BytesType), length)
			for i := len(path) - 2; i >= 0; i-- {
				b = protowire.AppendBytes(protowire.AppendTag(nil, path[i], protowire.BytesType), b)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Unmarshal(b, Options{})
			runtime.ReadMemStats(&after)
			if !errors.Is(err, ErrMalformed) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s of %d bytes: %v", name, length, err)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
				t.Errorf("%s of %d bytes: %d bytes were allocated", name, length, n)
			}
		}
	}
}

// A file of a few bytes does not take more memory than a few of its kind.
func TestLyingCountsTakeNoMemory(t *testing.T) {
	g := &onnxpb.Graph{Name: "g", Outputs: []*onnxpb.ValueInfo{{Name: "w"}}, Initializers: []*onnxpb.Tensor{{Name: "w", DataType: 1, Dims: []int64{1 << 30}}}}
	b := (&onnxpb.Model{IRVersion: 8, Opsets: []*onnxpb.OperatorSet{{Version: 17}}, Graph: g}).Encode().Bytes()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Unmarshal(b, Options{}); err == nil {
		t.Error("a tensor of 4 GiB came out of a file of", len(b), "bytes")
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("%d bytes were allocated", n)
	}
}

// sparse puts a sparse initializer of two values in the place of the first, after a change.
func sparse(change func(*onnxpb.SparseTensor)) func(*onnxpb.Graph, *onnxpb.Model) {
	return func(g *onnxpb.Graph, _ *onnxpb.Model) {
		t := g.Initializers[0]
		g.Initializers = g.Initializers[1:]
		s := &onnxpb.SparseTensor{Dims: t.Dims, Values: &onnxpb.Tensor{Name: t.Name, DataType: t.DataType, Dims: []int64{2}, Floats: []float32{1, 2}},
			Indices: &onnxpb.Tensor{DataType: 7, Dims: []int64{2}, Int64s: []int64{2, 7}}}
		change(s)
		g.Sparse = []*onnxpb.SparseTensor{s}
	}
}
