package importer

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
	"github.com/elbo-ml/elbo/tensor"
)

// drawNode draws a node of any operator over values that exist, with attributes that operators have, at any values.
func drawNode(t *rapid.T, ops, names []string, out string) *onnxpb.Node {
	n := &onnxpb.Node{Op: rapid.SampledFrom(ops).Draw(t, "op"), Name: out, Outputs: []string{out}}
	for range rapid.IntRange(0, 5).Draw(t, "inputs") {
		n.Inputs = append(n.Inputs, rapid.SampledFrom(names).Draw(t, "input"))
	}
	for range rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "more outputs") {
		n.Outputs = append(n.Outputs, out+"_"+string(rune('a'+len(n.Outputs))))
	}
	if len(n.Outputs) > 1 && rapid.Bool().Draw(t, "first output left out") {
		n.Outputs[0] = ""
	}
	number := rapid.OneOf(rapid.Int64Range(-3, 4), rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64, 1 << 31, 1 << 62, -1 << 62}))
	for range rapid.IntRange(0, 4).Draw(t, "attributes") {
		a := &onnxpb.Attribute{Name: rapid.SampledFrom([]string{"axis", "axes", "keepdims", "perm", "to", "pads", "strides", "dilations",
			"kernel_shape", "group", "output_padding", "output_shape", "auto_pad", "mode", "value", "split", "starts", "ends", "blocksize",
			"num_outputs", "num_groups", "epsilon", "allowzero", "start", "end", "alpha", "transA", "transB", "dtype", "shape", "k", "upper",
			"training_mode", "ceil_mode", "count_include_pad", "storage_order", "exclusive", "reverse", "batch_dims", "value_ints",
			"value_float", "noop_with_empty_axes", "approximate", "reduction", "min", "max", "ratio"}).Draw(t, "attribute")}
		switch a.Type = rapid.SampledFrom([]int64{1, 2, 2, 3, 4, 7, 7, 7}).Draw(t, "kind"); a.Type {
		case onnxpb.AttrFloat:
			a.F = rapid.Float32().Draw(t, "f")
		case onnxpb.AttrInt:
			a.I = number.Draw(t, "i")
		case onnxpb.AttrString:
			a.S = []byte(rapid.SampledFrom([]string{"", "SAME_UPPER", "VALID", "constant", "reflect", "DCR", "CRD", "add", "tanh"}).Draw(t, "s"))
		case onnxpb.AttrTensor:
			a.T = protoOf("", tensor.Vector(rapid.SliceOfN(number, 0, 3).Draw(t, "t")...))
		case onnxpb.AttrInts:
			a.Ints = rapid.SliceOfN(number, 0, 6).Draw(t, "ints")
		}
		n.Attributes = append(n.Attributes, a)
	}
	return n
}

// drawGraph draws a model of a few such nodes over inputs of several types and shapes, weights and shape tensors.
func drawGraph(t *rapid.T) *onnxpb.Model {
	ops := append([]string{}, made...)
	for _, op := range graph.Ops() {
		ops = append(ops, op.Name)
	}
	dim := func() *onnxpb.Dim {
		if s := rapid.SampledFrom([]string{"", "", "n", "m", "4*n"}).Draw(t, "symbol"); s != "" {
			return &onnxpb.Dim{Param: s}
		}
		return &onnxpb.Dim{Known: true, Value: rapid.SampledFrom([]int64{0, 1, 2, 3, 4, 8, 1 << 31, math.MaxInt64}).Draw(t, "dim")}
	}
	g := &onnxpb.Graph{Name: "drawn"}
	names := []string{""}
	for i := range rapid.IntRange(1, 3).Draw(t, "graph inputs") {
		v := &onnxpb.ValueInfo{Name: "x" + string(rune('0'+i)), Type: &onnxpb.Type{Tensor: &onnxpb.TensorType{
			Elem: rapid.SampledFrom([]int64{1, 1, 1, 11, 7, 6, 9, 10}).Draw(t, "type"), Shape: &onnxpb.Shape{}}}}
		for range rapid.IntRange(0, 4).Draw(t, "rank") {
			v.Type.Tensor.Shape.Dims = append(v.Type.Tensor.Shape.Dims, dim())
		}
		g.Inputs, names = append(g.Inputs, v), append(names, v.Name)
	}
	number := rapid.SampledFrom([]int64{0, 1, -1, 2, 3, -2, 4, 8, math.MaxInt64, math.MinInt64, 1 << 31, 1 << 40})
	for _, name := range []string{"w0", "w1", "w2"} {
		w := tensor.Vector(rapid.SliceOfN(number, 0, 5).Draw(t, "ints")...)
		if rapid.Bool().Draw(t, "real") {
			w = tensor.New(tensor.Float32, rapid.SliceOfN(rapid.IntRange(0, 4), 0, 4).Draw(t, "shape")...)
		}
		g.Initializers, names = append(g.Initializers, protoOf(name, w)), append(names, name)
	}
	for i := range rapid.IntRange(1, 6).Draw(t, "nodes") {
		n := drawNode(t, ops, names, "v"+string(rune('0'+i)))
		g.Nodes, names = append(g.Nodes, n), append(names, n.Outputs...)
	}
	g.Outputs = []*onnxpb.ValueInfo{{Name: names[len(names)-1]}}
	return &onnxpb.Model{IRVersion: 8, Graph: g, Opsets: []*onnxpb.OperatorSet{{Version: rapid.Int64Range(MinOpset, MaxOpset).Draw(t, "opset")}}}
}

// Operators over any inputs with any attributes give an error or a sound graph.
func TestDrawnModels(t *testing.T) {
	sound := 0
	rapid.Check(t, func(t *rapid.T) {
		b := drawGraph(t).Encode().Bytes()
		if _, err := Unmarshal(b, Options{Partial: true}); err != nil {
			t.Log(err)
		}
		g, err := Unmarshal(b, Options{})
		if err != nil {
			return
		}
		sound++
		if err := graph.Verify(g); err != nil {
			t.Fatal(err)
		}
		again, err := Marshal(g)
		if errors.Is(err, graph.ErrUnsupported) { // an operator newer than what is written
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Unmarshal(again, Options{}); err != nil {
			t.Fatalf("what was written is not read: %v", err)
		}
	})
	t.Logf("%d drawn models were sound", sound)
}
