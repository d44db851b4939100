package graph

import (
	"slices"
	"testing"

	"github.com/elbo-ml/elbo/tensor"
	"pgregory.net/rapid"
)

// oddInts are numbers that files hold to break readers.
var oddInts = []int64{-1 << 63, -1 << 31, -3, -2, -1, 0, 1, 2, 3, 5, 255, 1 << 31, 1<<63 - 1}

func drawInts(t *rapid.T, name string) []int64 {
	return rapid.SliceOfN(rapid.SampledFrom(oddInts), 0, 5).Draw(t, name)
}

// drawValue is an input of any small shape and type, or a constant of odd numbers.
func drawValue(t *rapid.T, g *Graph) *Value {
	switch rapid.IntRange(0, 7).Draw(t, "kind") {
	case 0:
		return nil
	case 1, 2:
		return g.Const(tensor.Vector(drawInts(t, "vector")...))
	case 3:
		return g.Const(tensor.Scalar(rapid.SampledFrom(oddInts).Draw(t, "scalar")))
	}
	dims := rapid.SliceOfN(rapid.SampledFrom([]any{0, 1, 2, 3, 8, "n", "h"}), 0, 4).Draw(t, "shape")
	dtype := rapid.SampledFrom([]tensor.DType{tensor.Float32, tensor.Float32, tensor.Float32, tensor.Float64, tensor.Int64, tensor.Bool}).Draw(t, "dtype")
	return g.InputOf(dtype, g.Fresh("x"), Dims(dims...))
}

var attrNames = []string{"axis", "axes", "keepdims", "perm", "to", "kernel_shape", "strides", "pads", "dilations", "group",
	"auto_pad", "output_padding", "output_shape", "blocksize", "ceil_mode", "shape", "dtype", "start", "end", "transA", "allowzero",
	"training_mode", "value", "mode"}

func drawAttr(t *rapid.T) any {
	switch rapid.IntRange(0, 4).Draw(t, "attr") {
	case 0:
		return rapid.SampledFrom([]string{"SAME_UPPER", "SAME_LOWER", "VALID", "CRD", ""}).Draw(t, "text")
	case 1:
		return tensor.Vector(drawInts(t, "tensor")...)
	case 2:
		return rapid.SampledFrom(oddInts).Draw(t, "int")
	}
	return drawInts(t, "ints")
}

// Whatever a file says, shape inference and the gradient rules answer with an error or a shape, never with a panic.
func TestAnyNodeInfersOrFails(t *testing.T) { rapid.Check(t, anyNode) }

func FuzzAnyNode(f *testing.F) { f.Fuzz(rapid.MakeFuzz(anyNode)) }

// drawNode is any operator on any inputs, or a row of the shape table with something changed.
func drawNode(t *rapid.T, g *Graph) (*Op, *Node) {
	if rapid.Bool().Draw(t, "free") {
		op := rapid.SampledFrom(Ops()).Draw(t, "op")
		n := &Node{Op: op.Name, Domain: op.Domain, Attrs: Attrs{}}
		for range rapid.IntRange(op.Inputs[0], 5).Draw(t, "inputs") {
			n.Inputs = append(n.Inputs, drawValue(t, g))
		}
		return op, n
	}
	row := rapid.SampledFrom(shapeRows).Filter(func(r shapeRow) bool { return Lookup("", r.op) != nil }).Draw(t, "row")
	n := &Node{Op: row.op, Attrs: row.attrs.clone()}
	if n.Attrs == nil {
		n.Attrs = Attrs{}
	}
	spoiled := rapid.IntRange(-1, len(row.inputs)).Draw(t, "spoiled")
	for i, x := range row.inputs {
		var v *Value
		switch x := x.(type) {
		case Shape:
			x = slices.Clone(x)
			if i == spoiled && len(x) > 0 {
				x[rapid.IntRange(0, len(x)-1).Draw(t, "axis")] = rapid.SampledFrom(Dims(0, 1, 2, 7, "n", "w")).Draw(t, "extent")
			}
			v = g.InputOf(tensor.Float32, g.Fresh("x"), x)
		case []int:
			x = slices.Clone(x)
			if i == spoiled && len(x) > 0 {
				x[0] = int(rapid.SampledFrom(oddInts).Draw(t, "entry"))
			}
			v = g.Int64s(x...)
		case *tensor.Tensor:
			v = g.Const(x)
		}
		if i == spoiled && rapid.IntRange(0, 3).Draw(t, "replaced") == 0 {
			v = drawValue(t, g)
		}
		n.Inputs = append(n.Inputs, v)
	}
	return Lookup("", row.op), n
}

func anyNode(t *rapid.T) {
	g := New("any")
	op, n := drawNode(t, g)
	for range rapid.IntRange(1, 3).Draw(t, "outputs") {
		v := &Value{Name: g.Fresh("y"), Producer: n}
		if rapid.IntRange(0, 4).Draw(t, "unwanted") == 0 {
			v = nil
		} else if err := g.Register(v); err != nil {
			t.Fatal(err)
		}
		n.Outputs = append(n.Outputs, v)
	}
	for _, name := range attrNames {
		if rapid.IntRange(0, 19).Draw(t, name) == 19 {
			n.Attrs[name] = drawAttr(t)
		}
	}
	g.Nodes = append(g.Nodes, n)
	if InferNode(n) != nil {
		return
	}
	dy := make([]*Value, len(n.Outputs))
	for i, v := range n.Outputs {
		if v == nil {
			continue
		}
		if v.Shape == nil || !v.DType.Valid() {
			t.Fatalf("%s gives %v without an error", describe(n), v)
		}
		if v.DType.IsFloat() {
			dy[i] = g.InputOf(v.DType, g.Fresh("dy"), v.Shape)
		}
	}
	if op.Gradient == nil || n.Output(0) == nil || dy[0] == nil || op.Undifferentiable != nil && op.Undifferentiable(n) != "" {
		return
	}
	for i, d := range op.Gradient(g, n, dy) {
		if x := n.Input(i); d != nil && g.Err() == nil && x.DType.IsFloat() && len(d.Shape) != len(x.Shape) {
			t.Fatalf("%s: the gradient of input %d is %v", describe(n), i, d)
		}
	}
}
