package importer

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
	"github.com/elbo-ml/elbo/tensor"
)

// Dimensions whose expressions square with every few nodes, or nest, stay small: a short file does not take the memory.
func TestExpressionsDoNotExplode(t *testing.T) {
	node := func(op, out string, in ...string) *onnxpb.Node {
		return &onnxpb.Node{Op: op, Inputs: in, Outputs: []string{out}}
	}
	ints := func(name string, v ...int64) *onnxpb.Tensor { return protoOf(name, tensor.Vector(v...)) }
	g := &onnxpb.Graph{Name: "g", Initializers: []*onnxpb.Tensor{ints("column", -1, 1), ints("row", 1, -1), ints("flat", -1), ints("half", 2, -1)}}
	for _, name := range []string{"a", "b", "c", "d"} {
		g.Inputs = append(g.Inputs, &onnxpb.ValueInfo{Name: name, Type: &onnxpb.Type{Tensor: &onnxpb.TensorType{Elem: 1,
			Shape: &onnxpb.Shape{Dims: []*onnxpb.Dim{{Param: "n_" + name}}}}}})
	}
	concat := node("Concat", "v0", "a", "b", "c", "d")
	concat.Attributes = []*onnxpb.Attribute{{Name: "axis", Type: onnxpb.AttrInt}}
	g.Nodes = append(g.Nodes, concat)
	last := "v0"
	for i := range 40 {
		s := func(stem string) string { return fmt.Sprintf("%s%d", stem, i+1) }
		g.Nodes = append(g.Nodes,
			node("Reshape", s("col"), last, "column"), node("Reshape", s("row"), last, "row"),
			node("Mul", s("outer"), s("col"), s("row")), node("Reshape", s("sq"), s("outer"), "half"),
			node("Transpose", s("tr"), s("sq")), node("Reshape", s("v"), s("tr"), "flat"))
		last = s("v")
	}
	g.Outputs = []*onnxpb.ValueInfo{{Name: last}}
	b := (&onnxpb.Model{IRVersion: 8, Opsets: []*onnxpb.OperatorSet{{Version: 17}}, Graph: g}).Encode().Bytes()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Unmarshal(b, Options{}); err != nil {
		t.Log(err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<29 {
		t.Errorf("%d MiB were allocated for a file of %d bytes", n>>20, len(b))
	}
}
