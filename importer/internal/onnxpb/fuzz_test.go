package onnxpb

import (
	"bytes"
	"testing"
)

// narrow are limits under which no input of a fuzz target takes much memory or time.
var narrow = Limits{Bytes: 1 << 20, Nodes: 1000, Values: 1000, Tensors: 1000, Messages: 10000, Elements: 1 << 16, Rank: 8, Edges: 64, Name: 256}

// Whatever the bytes, what is decoded encodes to a message that decodes to the same.
func FuzzModel(f *testing.F) {
	f.Add((&Model{IRVersion: 8, Opsets: []*OperatorSet{{Version: 17}}, Graph: &Graph{Name: "g",
		Nodes: []*Node{{Op: "Add", Inputs: []string{"x", ""}, Outputs: []string{"y"}, Attributes: []*Attribute{{Name: "a", Type: AttrInts, Ints: []int64{1, -1}},
			{Name: "b", Type: AttrGraph, G: &Graph{Name: "inner"}}, {Name: "c", Type: AttrFloat, F: 1}}}},
		Initializers: []*Tensor{{Name: "w", DataType: 1, Dims: []int64{2}, Raw: make([]byte, 8)}},
		Inputs:       []*ValueInfo{{Name: "x", Type: &Type{Tensor: &TensorType{Elem: 1, Shape: &Shape{Dims: []*Dim{{Param: "n"}, {Known: true, Value: 3}}}}}}}},
		Functions: []*Function{{Name: "F", Inputs: []string{"a"}, Attributes: []string{"alpha"}}}}).Encode().Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Unmarshal(b, narrow)
		if err != nil {
			return
		}
		once := m.Encode().Bytes()
		back, err := Unmarshal(once, Limits{})
		if err != nil {
			t.Fatalf("what was written is not read: %v", err)
		}
		if !bytes.Equal(back.Encode().Bytes(), once) {
			t.Fatal("encodes to other bytes the second time")
		}
	})
}

// So does a tensor by itself.
func FuzzTensor(f *testing.F) {
	for _, p := range []*Tensor{{DataType: 1, Dims: []int64{2}, Floats: []float32{1, -2}}, {DataType: 7, Int64s: []int64{-1 << 40}},
		{DataType: 8, Strings: [][]byte{[]byte("a"), nil}}, {DataType: 11, Doubles: []float64{0.1}}, {DataType: 13, Uint64s: []int64{-1}}} {
		e := &Buffer{}
		p.encode(e)
		f.Add(e.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := UnmarshalTensor(b, narrow)
		if err != nil {
			return
		}
		var once, twice Buffer
		p.encode(&once)
		once.tail = append(once.tail, p.Unknown...)
		back, err := UnmarshalTensor(once.Bytes(), Limits{})
		if err != nil {
			t.Fatalf("what was written is not read: %v", err)
		}
		back.encode(&twice)
		twice.tail = append(twice.tail, back.Unknown...)
		if !bytes.Equal(once.Bytes(), twice.Bytes()) {
			t.Fatal("encodes to other bytes the second time")
		}
	})
}
