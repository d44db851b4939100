package importer

import (
	"errors"
	"runtime"
	"strings"
	"testing"

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
		"strings":                      {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Initializers[0].DataType = 8 }, graph.ErrUnsupported, "string"},
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
		"sparse":                       {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Sparse = [][]byte{{}} }, graph.ErrUnsupported, "sparse"},
		"an input without a type":      {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Inputs[0].Type = nil }, graph.ErrUnsupported, `input "x"`},
		"an input without a shape":     {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Inputs[0].Type.Tensor.Shape = nil }, nil, "shape of input 0 (x) is not known"},
		"a node without inputs":        {func(g *onnxpb.Graph, _ *onnxpb.Model) { g.Nodes[len(g.Nodes)-1].Inputs = nil }, nil, "inputs"},
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
	} {
		err := hostile(t, c.change)
		if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
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
