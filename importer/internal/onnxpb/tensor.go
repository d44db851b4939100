package onnxpb

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// External is TensorProto.DataLocation's value for data in another file.
const External = 1

// Tensor is TensorProto. Its elements stand in Raw, in one of the typed lists, or in another file.
type Tensor struct {
	Fields
	Dims     []int64
	DataType int64
	Floats   []float32
	Int32s   []int64 // int32_data, which also carries the narrower types and the float16s' bits
	Strings  [][]byte
	Int64s   []int64
	Name     string
	Raw      []byte
	Doubles  []float64
	Uint64s  []int64 // uint64_data, by bits
	Doc      string
	External []*Entry
	Location int64
}

func (t *Tensor) field(d *decoder, num protowire.Number, w wire) (bool, error) {
	most := d.limits.Elements
	switch num {
	case 1:
		return d.ints(w, &t.Dims, d.limits.Rank)
	case 2:
		return d.int64(w, &t.DataType)
	case 3:
		return true, fmt.Errorf("a tensor in segments: %w", ErrMalformed)
	case 4:
		return d.floats(w, &t.Floats, most)
	case 5:
		return d.ints(w, &t.Int32s, most)
	case 6:
		if w.typ != protowire.BytesType {
			return false, nil
		}
		t.Strings = append(t.Strings, w.b)
		return true, nil
	case 7:
		return d.ints(w, &t.Int64s, most)
	case 8:
		return d.name(w, &t.Name)
	case 9:
		return d.bytes(w, &t.Raw)
	case 10:
		return list(d, w, &t.Doubles, protowire.Fixed64Type, most, math.Float64frombits)
	case 11:
		return d.ints(w, &t.Uint64s, most)
	case 12:
		return d.str(w, &t.Doc)
	case 13:
		return more(d, w, &t.External)
	case 14:
		return d.int64(w, &t.Location)
	}
	return false, nil
}

func (t *Tensor) encode(e *Buffer) {
	e.ints(1, t.Dims)
	e.int64(&t.Fields, 2, t.DataType)
	packed(e, 4, t.Floats, func(b []byte, v float32) []byte { return protowire.AppendFixed32(b, math.Float32bits(v)) })
	packed(e, 5, t.Int32s, appendInt)
	for _, s := range t.Strings {
		e.raw(6, s)
	}
	packed(e, 7, t.Int64s, appendInt)
	e.str(&t.Fields, 8, t.Name)
	e.bytes(&t.Fields, 9, t.Raw)
	packed(e, 10, t.Doubles, func(b []byte, v float64) []byte { return protowire.AppendFixed64(b, math.Float64bits(v)) })
	packed(e, 11, t.Uint64s, appendInt)
	e.str(&t.Fields, 12, t.Doc)
	messages(e, 13, t.External)
	e.int64(&t.Fields, 14, t.Location)
}

func appendInt(b []byte, v int64) []byte { return protowire.AppendVarint(b, uint64(v)) }

// UnmarshalTensor decodes a tensor that stands by itself. Its bytes are slices of b.
func UnmarshalTensor(b []byte, l Limits) (*Tensor, error) {
	t := &Tensor{}
	return t, alone(b, l, t)
}
