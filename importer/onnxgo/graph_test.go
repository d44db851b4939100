package onnxgo_test

import (
	"errors"
	"slices"
	"testing"

	onnx "github.com/owulveryck/onnx-go"
	gorgonia "gorgonia.org/tensor"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/importer/onnxgo"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
)

// decode gives onnx-go the model that g makes.
func decode(t *testing.T, g *graph.Graph) (*onnx.Model, *onnxgo.Graph) {
	t.Helper()
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	b, err := importer.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	backend := onnxgo.New(native.New(), onnxgo.Opset(b))
	t.Cleanup(func() { backend.Close() })
	m := onnx.NewModel(backend)
	if err := m.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	return m, backend
}

func feed(t *testing.T, m *onnx.Model, b *onnxgo.Graph, data []float32, shape ...int) []float32 {
	t.Helper()
	if err := m.SetInput(0, gorgonia.New(gorgonia.WithShape(shape...), gorgonia.WithBacking(data))); err != nil {
		t.Fatal(err)
	}
	if err := b.Run(); err != nil {
		t.Fatal(err)
	}
	out, err := m.GetOutputTensors()
	if err != nil {
		t.Fatal(err)
	}
	return out[0].Data().([]float32)
}

// x - x*x: the product reads one value twice, which a graph with one edge between two nodes would lose.
func TestOperandReadTwice(t *testing.T) {
	g := graph.New("twice")
	x := g.Input("x", 3)
	g.Output("y", g.Sub(x, g.Mul(x, x)))
	m, b := decode(t, g)
	if got := feed(t, m, b, []float32{1, 2, -3}, 3); !slices.Equal(got, []float32{0, -2, -12}) {
		t.Errorf("x - x*x of 1, 2, -3 is %v", got)
	}
}

// Another batch is another shape, and outputs of the run before stay as they were.
func TestRunsOnAnyBatch(t *testing.T) {
	g := graph.New("batch")
	g.Output("y", g.Relu(g.Input("x", "batch", 2)))
	m, b := decode(t, g)
	first := feed(t, m, b, []float32{1, -2}, 1, 2)
	second := feed(t, m, b, []float32{-1, 2, 3, -4}, 2, 2)
	third := feed(t, m, b, []float32{5, 6, -7, 8}, 2, 2)
	for _, c := range []struct{ got, want []float32 }{{first, []float32{1, 0}}, {second, []float32{0, 2, 3, 0}}, {third, []float32{5, 6, 0, 8}}} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%v, want %v", c.got, c.want)
		}
	}
}

// What onnx-go reads can go on as elbo's own graph.
func TestElbo(t *testing.T) {
	g := graph.New("relu")
	g.Output("y", g.Relu(g.Input("x", 2)))
	m, b := decode(t, g)
	feed(t, m, b, []float32{1, -2}, 2)
	e, err := b.Elbo()
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Nodes) != 1 || e.Nodes[0].Op != "Relu" || len(e.Inputs) != 1 {
		t.Errorf("%d nodes, %d inputs", len(e.Nodes), len(e.Inputs))
	}
}

func TestWrongUse(t *testing.T) {
	b := onnxgo.New(native.New(), 13)
	x, y := b.NewNode().(onnx.Namer), onnx.Namer(nil)
	x.SetName("x")
	b.AddNode(x)
	y = b.NewNode().(onnx.Namer)
	y.SetName("y")
	b.AddNode(y)
	b.SetWeightedEdge(b.NewWeightedEdge(y, x, 0))
	if err := x.(onnx.DataCarrier).SetTensor(nil); err == nil {
		t.Error("a nil tensor is taken")
	}
	if err := b.ApplyOperation(onnx.Operation{Name: "Shoelace"}, y); err != nil {
		t.Fatal(err)
	}
	if err := x.(onnx.DataCarrier).SetTensor(gorgonia.New(gorgonia.WithShape(1), gorgonia.WithBacking([]float32{1}))); err != nil {
		t.Fatal(err)
	}
	if err := b.Run(); !errors.Is(err, graph.ErrUnsupported) {
		t.Errorf("an operator that elbo does not have: %v", err)
	}
	if onnxgo.Opset([]byte("no model")) != 0 {
		t.Error("the opset of what is no model is not 0")
	}
}

// An input of another type than the model declares is refused, not read as it is.
func TestWrongType(t *testing.T) {
	g := graph.New("type")
	g.Output("y", g.Add(g.Input("x", 1), g.Weight("w", tensor.New(tensor.Float32, 1))))
	m, b := decode(t, g)
	if err := m.SetInput(0, gorgonia.New(gorgonia.WithShape(1), gorgonia.WithBacking([]int64{1}))); err != nil {
		t.Fatal(err)
	}
	if err := b.Run(); err == nil || errors.Is(err, runtime.ErrClosed) {
		t.Errorf("int64 + float32: %v", err)
	}
}
