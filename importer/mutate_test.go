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

// drawBodies gives a node the bodies of its operator: a few nodes over what the body takes and what is around it.
func drawBodies(t *rapid.T, n *onnxpb.Node, ops, names []string, depth int) {
	op := graph.Lookup("", n.Op)
	if op == nil || len(op.Bodies) == 0 || depth == 0 {
		return
	}
	for _, name := range op.Bodies {
		body := &onnxpb.Graph{Name: name}
		inner := names
		takes := rapid.SampledFrom([]int{0, len(n.Inputs), len(n.Inputs), len(n.Inputs)}).Draw(t, "body inputs")
		if n.Op == "If" {
			takes = 0
		}
		for i := range takes {
			v := &onnxpb.ValueInfo{Name: n.Name + "_in" + string(rune('a'+i)), Type: &onnxpb.Type{Tensor: &onnxpb.TensorType{Elem: 1}}}
			body.Inputs, inner = append(body.Inputs, v), append(inner[:len(inner):len(inner)], v.Name)
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "body nodes") {
			m := drawNode(t, ops, inner, n.Name+"_"+name+string(rune('0'+i)))
			drawBodies(t, m, ops, inner, depth-1)
			body.Nodes, inner = append(body.Nodes, m), append(inner[:len(inner):len(inner)], m.Outputs...)
		}
		if n.Op == "Loop" && len(body.Inputs) > 1 && rapid.Bool().Draw(t, "goes on") {
			body.Outputs = append(body.Outputs, &onnxpb.ValueInfo{Name: body.Inputs[1].Name})
		}
		for range rapid.IntRange(0, 4).Draw(t, "body outputs") {
			body.Outputs = append(body.Outputs, &onnxpb.ValueInfo{Name: rapid.SampledFrom(inner).Draw(t, "body output")})
		}
		n.Attributes = append(n.Attributes, &onnxpb.Attribute{Name: name, Type: onnxpb.AttrGraph, G: body})
	}
	if n.Op == "Scan" {
		n.Attributes = append(n.Attributes, &onnxpb.Attribute{Name: "num_scan_inputs", Type: onnxpb.AttrInt, I: rapid.Int64Range(0, 3).Draw(t, "walked")})
	}
}

// drawGraph draws a model of a few such nodes over inputs of several types and shapes, weights and shape tensors.
func drawGraph(t *rapid.T) *onnxpb.Model {
	ops := append([]string{}, made...)
	for _, op := range graph.Ops() {
		ops = append(ops, op.Name)
		if op.Lists || len(op.Bodies) > 0 {
			ops = append(ops, op.Name, op.Name) // fewer of these fit
		}
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
			Elem: rapid.SampledFrom([]int64{1, 1, 1, 11, 7, 7, 6, 8, 9, 9, 10}).Draw(t, "type"), Shape: &onnxpb.Shape{}}}}
		for range rapid.IntRange(0, 4).Draw(t, "rank") {
			v.Type.Tensor.Shape.Dims = append(v.Type.Tensor.Shape.Dims, dim())
		}
		switch rapid.SampledFrom([]string{"", "", "", "", "open", "sequence", "optional", "both"}).Draw(t, "kind") {
		case "open":
			v.Type.Tensor.Shape = nil
		case "sequence":
			v.Type = &onnxpb.Type{Sequence: &onnxpb.ElementType{Elem: v.Type}}
		case "optional":
			v.Type = &onnxpb.Type{Optional: &onnxpb.ElementType{Elem: v.Type}}
		case "both":
			v.Type = &onnxpb.Type{Optional: &onnxpb.ElementType{Elem: &onnxpb.Type{Sequence: &onnxpb.ElementType{Elem: v.Type}}}}
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
		drawBodies(t, n, ops, names, 2)
		g.Nodes, names = append(g.Nodes, n), append(names, n.Outputs...)
	}
	g.Outputs = []*onnxpb.ValueInfo{{Name: names[len(names)-1]}}
	return &onnxpb.Model{IRVersion: 8, Graph: g, Opsets: []*onnxpb.OperatorSet{{Version: rapid.Int64Range(MinOpset, MaxOpset).Draw(t, "opset")}}}
}

// Operators over any inputs with any attributes give an error or a sound graph, which any opset that has them can hold.
func TestDrawnModels(t *testing.T) {
	sound := 0
	rapid.Check(t, func(t *rapid.T) {
		if drawn(t) {
			sound++
		}
	})
	t.Logf("%d drawn models were sound", sound)
}

func FuzzDrawnModels(f *testing.F) { f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) { drawn(t) })) }

// drawn reads a drawn model, and writes and reads it again; it reports whether the model was sound.
func drawn(t *rapid.T) bool {
	b := drawGraph(t).Encode().Bytes()
	if _, err := Unmarshal(b, Options{Partial: true}); err != nil {
		t.Log(err)
	}
	g, err := Unmarshal(b, Options{})
	if err != nil {
		return false
	}
	if err := graph.Verify(g); err != nil {
		t.Fatal(err)
	}
	opset := rapid.SampledFrom([]int{0, 0, 0, MinSaved, 15, 18, 20, MaxOpset}).Draw(t, "written in")
	again, err := MarshalAs(g, SaveOptions{Opset: opset, Float16: rapid.Bool().Draw(t, "float16")})
	if errors.Is(err, graph.ErrUnsupported) { // types that no opset has, or an operator newer than what is written
		return true
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Unmarshal(again, Options{}); err != nil {
		t.Fatalf("what was written in opset %d is not read: %v", opset, err)
	}
	return true
}
