package conformance

import (
	"context"
	"math"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
)

// oldModel is a model of one node in the given opset, as bytes: x (and more inputs, constants) to the outputs. Only
// the importer knows of other opsets, so nothing else can write such a model.
func oldModel(opset uint64, op string, attrs [][]byte, x *tensor.Tensor, constants []*tensor.Tensor, outputs ...string) []byte {
	str := func(b []byte, num protowire.Number, s string) []byte {
		return protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), s)
	}
	num := func(b []byte, n protowire.Number, v uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
	}
	node := str(nil, 1, "x")
	var graph []byte
	for i, t := range constants {
		name := string(rune('a' + i))
		node = str(node, 1, name)
		p := num(str(str(nil, 8, name), 9, string(t.Bytes())), 2, uint64(t.DType()))
		for _, d := range t.Shape() {
			p = num(p, 1, uint64(d))
		}
		graph = str(graph, 5, string(p))
	}
	for _, y := range outputs {
		node = str(node, 2, y)
		graph = str(graph, 12, string(str(nil, 1, y)))
	}
	node = str(node, 4, op)
	for _, a := range attrs {
		node = str(node, 5, string(a))
	}
	var shape []byte
	for _, d := range x.Shape() {
		shape = str(shape, 1, string(num(nil, 1, uint64(d))))
	}
	info := str(str(nil, 1, "x"), 2, string(str(nil, 1, string(str(num(nil, 1, uint64(x.DType())), 2, string(shape))))))
	graph = str(str(str(graph, 1, string(node)), 2, "g"), 11, string(info))
	return str(str(num(nil, 1, 8), 7, string(graph)), 8, string(num(nil, 2, opset)))
}

func attrInt(name string, v uint64) []byte {
	b := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), name)
	b = protowire.AppendVarint(protowire.AppendTag(b, 3, protowire.VarintType), v)
	return protowire.AppendVarint(protowire.AppendTag(b, 20, protowire.VarintType), 2)
}

func attrStr(name, v string) []byte {
	b := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), name)
	b = protowire.AppendString(protowire.AppendTag(b, 4, protowire.BytesType), v)
	return protowire.AppendVarint(protowire.AppendTag(b, 20, protowire.VarintType), 3)
}

func attrInts(name string, vs ...uint64) []byte {
	b := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), name)
	for _, v := range vs {
		b = protowire.AppendVarint(protowire.AppendTag(b, 8, protowire.VarintType), v)
	}
	return protowire.AppendVarint(protowire.AppendTag(b, 20, protowire.VarintType), 7)
}

func attrFloat(name string, v float32) []byte {
	b := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), name)
	b = protowire.AppendFixed32(protowire.AppendTag(b, 2, protowire.Fixed32Type), math.Float32bits(v))
	return protowire.AppendVarint(protowire.AppendTag(b, 20, protowire.VarintType), 1)
}

func attrString(name, v string) []byte {
	b := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), name)
	b = protowire.AppendString(protowire.AppendTag(b, 4, protowire.BytesType), v)
	return protowire.AppendVarint(protowire.AppendTag(b, 20, protowire.VarintType), 3)
}

func reshaped(t *tensor.Tensor, shape ...int) *tensor.Tensor {
	out, err := t.Reshape(shape...)
	if err != nil {
		panic(err)
	}
	return out
}

// Every form that an operator had between opsets 9 and 21, and that neither PyTorch's exports nor ONNX's own tests
// hold, computes what its opset says. The numbers are worked by hand.
func TestForms(t *testing.T) {
	f := tensor.Vector[float32]
	ints := tensor.Vector[int64]
	s := func(a, of float64) float32 { return float32(math.Exp(a) / of) }
	e4 := math.Exp(0) + math.Exp(1) + math.Exp(2) + math.Exp(3)
	mish := func(x float64) float32 { return float32(x * math.Tanh(math.Log1p(math.Exp(x)))) }
	minus := ^uint64(0) // -1 as a varint
	for name, c := range map[string]struct {
		opset     uint64
		op        string
		attrs     [][]byte
		x         *tensor.Tensor
		constants []*tensor.Tensor
		want      []*tensor.Tensor
	}{
		"softmax over all from axis 1": {11, "Softmax", nil, reshaped(f(0, 1, 2, 3), 1, 2, 2), nil,
			[]*tensor.Tensor{reshaped(f(s(0, e4), s(1, e4), s(2, e4), s(3, e4)), 1, 2, 2)}},
		"softmax over the last axis since 13": {13, "Softmax", nil, reshaped(f(0, 0, 7, 7), 1, 2, 2), nil,
			[]*tensor.Tensor{reshaped(f(0.5, 0.5, 0.5, 0.5), 1, 2, 2)}},
		"log softmax from axis 0": {9, "LogSoftmax", [][]byte{attrInt("axis", 0)}, reshaped(f(1, 1, 1, 1), 2, 2), nil,
			[]*tensor.Tensor{reshaped(f(-2*math.Ln2, -2*math.Ln2, -2*math.Ln2, -2*math.Ln2), 2, 2)}},
		"pad by attributes":    {10, "Pad", [][]byte{attrInts("pads", 1, 2), attrFloat("value", 9)}, f(1, 2), nil, []*tensor.Tensor{f(9, 1, 2, 9, 9)}},
		"pad by the edge":      {10, "Pad", [][]byte{attrInts("pads", 2, 1), attrStr("mode", "edge")}, f(1, 2), nil, []*tensor.Tensor{f(1, 1, 1, 2, 2)}},
		"pad by reflection":    {10, "Pad", [][]byte{attrInts("pads", 2, 3), attrStr("mode", "reflect")}, f(1, 2, 3), nil, []*tensor.Tensor{f(3, 2, 1, 2, 3, 2, 1, 2)}},
		"pad round the corner": {19, "Pad", [][]byte{attrStr("mode", "wrap")}, f(1, 2, 3), []*tensor.Tensor{ints(4, 2)}, []*tensor.Tensor{f(3, 1, 2, 3, 1, 2, 3, 1, 2)}},
		"pad and cut": {18, "Pad", [][]byte{attrStr("mode", "reflect")}, reshaped(f(1, 2, 3, 4, 5, 6), 2, 3), []*tensor.Tensor{ints(-1, 1), f(0), ints(1)},
			[]*tensor.Tensor{reshaped(f(2, 3, 2, 5, 6, 5), 2, 3)}},
		"pad some axes": {18, "Pad", nil, reshaped(f(1, 2), 1, 2), []*tensor.Tensor{ints(1, 0), f(5), ints(-1)},
			[]*tensor.Tensor{reshaped(f(5, 1, 2), 1, 3)}},
		"clip by attributes":       {6 + 3, "Clip", [][]byte{attrFloat("max", 1)}, f(-3, 3), nil, []*tensor.Tensor{f(-3, 1)}},
		"slice by attributes":      {9, "Slice", [][]byte{attrInts("starts", 1), attrInts("ends", minus)}, f(1, 2, 3, 4), nil, []*tensor.Tensor{f(2, 3)}},
		"dropout by attribute":     {10, "Dropout", [][]byte{attrFloat("ratio", 0.9)}, f(1, 2), nil, []*tensor.Tensor{f(1, 2)}},
		"squeeze by attribute":     {11, "Squeeze", [][]byte{attrInts("axes", 0)}, reshaped(f(1, 2), 1, 2), nil, []*tensor.Tensor{f(1, 2)}},
		"unsqueeze by attribute":   {11, "Unsqueeze", [][]byte{attrInts("axes", 1)}, f(1, 2), nil, []*tensor.Tensor{reshaped(f(1, 2), 2, 1)}},
		"sum of axes by attribute": {11, "ReduceSum", [][]byte{attrInts("axes", 0), attrInt("keepdims", 0)}, reshaped(f(1, 2, 3, 4), 2, 2), nil, []*tensor.Tensor{f(4, 6)}},
		"mean of axes by input":    {18, "ReduceMean", [][]byte{attrInt("keepdims", 0)}, reshaped(f(1, 2, 3, 4), 2, 2), []*tensor.Tensor{ints(0)}, []*tensor.Tensor{f(2, 3)}},
		"mean of no axes":          {18, "ReduceMean", [][]byte{attrInt("noop_with_empty_axes", 1)}, f(1, 2), nil, []*tensor.Tensor{f(1, 2)}},
		"mean of all axes":         {18, "ReduceMean", [][]byte{attrInt("keepdims", 0)}, f(1, 2), nil, []*tensor.Tensor{tensor.Scalar[float32](1.5)}},
		"split by attribute":       {11, "Split", [][]byte{attrInts("split", 1, 2)}, f(1, 2, 3), nil, []*tensor.Tensor{f(1), f(2, 3)}},
		"split in unequal parts":   {18, "Split", [][]byte{attrInt("num_outputs", 2)}, f(1, 2, 3), nil, []*tensor.Tensor{f(1, 2), f(3)}},
		"scatter by its old name":  {9, "Scatter", nil, f(1, 2, 3), []*tensor.Tensor{ints(2, 0), f(7, 8)}, []*tensor.Tensor{f(8, 2, 7)}},
		"sum of three":             {13, "Sum", nil, f(1, 2), []*tensor.Tensor{f(10), f(100, 200)}, []*tensor.Tensor{f(111, 212)}},
		"mean of two":              {13, "Mean", nil, f(1, 2), []*tensor.Tensor{f(3, 6)}, []*tensor.Tensor{f(2, 4)}},
		"mean of one":              {13, "Mean", nil, f(1, 2), nil, []*tensor.Tensor{f(1, 2)}},
		"mish":                     {18, "Mish", nil, f(-1, 0, 2), nil, []*tensor.Tensor{f(mish(-1), 0, mish(2))}},
		"gelu":                     {20, "Gelu", nil, f(-1, 0, 1), nil, []*tensor.Tensor{f(-0.15865526, 0, 0.84134474)}},
		"gelu by tanh":             {20, "Gelu", [][]byte{attrString("approximate", "tanh")}, f(1), nil, []*tensor.Tensor{f(0.841192)}},
		"cast like":                {19, "CastLike", nil, f(1.5), []*tensor.Tensor{ints(0)}, []*tensor.Tensor{ints(1)}},
		"cast with saturate":       {19, "Cast", [][]byte{attrInt("to", 7), attrInt("saturate", 1)}, f(1.5), nil, []*tensor.Tensor{ints(1)}},
		"group norm, scale a group": {18, "GroupNormalization", [][]byte{attrInt("num_groups", 1), attrFloat("epsilon", 1e-9)}, reshaped(f(-1, 1), 1, 2, 1),
			[]*tensor.Tensor{f(3), f(10)}, []*tensor.Tensor{reshaped(f(7, 13), 1, 2, 1)}},
		"group norm, scale a channel": {21, "GroupNormalization", [][]byte{attrInt("num_groups", 1), attrFloat("epsilon", 1e-9)}, reshaped(f(-1, 1), 1, 2, 1),
			[]*tensor.Tensor{f(3, 5), f(10, 20)}, []*tensor.Tensor{reshaped(f(7, 25), 1, 2, 1)}},
		"batch norm in training": {9, "BatchNormalization", [][]byte{attrFloat("epsilon", 0.25), attrFloat("momentum", 0.5)}, reshaped(f(-1, 1), 2, 1),
			[]*tensor.Tensor{f(1), f(0), f(4), f(8)}, []*tensor.Tensor{reshaped(f(-0.8944272, 0.8944272), 2, 1), f(2), nil}},
	} {
		outputs := []string{"y0", "y1", "y2"}[:len(c.want)]
		g, err := importer.Unmarshal(oldModel(c.opset, c.op, c.attrs, c.x, c.constants, outputs...), importer.Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p, err := native.New().Compile(g, runtime.Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := make([]*tensor.Tensor, len(c.want))
		if err := p.Run(context.Background(), []*tensor.Tensor{c.x}, got); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, want := range c.want {
			if want == nil {
				continue
			}
			if d := Compare(outputs[i], got[i], want, PerElement); d.Largest > 1e-6 {
				t.Errorf("%s: %v: %v, want %v", name, d, got[i].Floats(), want.Floats())
			}
		}
	}
}
