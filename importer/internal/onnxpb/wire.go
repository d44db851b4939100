// Package onnxpb is ONNX's protobuf messages, written by hand on protowire.
//
// Every field this version does not know is kept, at every level, and written back. Big byte fields of a decoded model
// are slices of the buffer it was decoded from.
package onnxpb

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrMalformed is wrapped by every error about bytes that are not such a message.
var ErrMalformed = errors.New("malformed protobuf")

// Fields is embedded in every message: what is known of a message beside its Go fields.
type Fields struct {
	// Unknown are the fields that this version does not know, as they stood in the file.
	Unknown []byte
	// seen has bit n set when field n stood in the file, so that an empty field that was written is written again.
	seen uint64
}

func (f *Fields) fields() *Fields { return f }

// Has reports whether field num stood in the file.
func (f *Fields) Has(num int) bool { return f.seen>>num&1 == 1 }

// message is a protobuf message that decodes field by field.
type message interface {
	// field takes one field; it reports false for a number or a wire type it does not know.
	field(d *decoder, num protowire.Number, w wire) (known bool, err error)
	fields() *Fields
}

// wire is one field's value as it stands in the buffer.
type wire struct {
	typ protowire.Type
	n   uint64 // of varint, fixed32 and fixed64
	b   []byte // of bytes: a slice of the buffer
}

// decoder counts what a whole model has asked for.
type decoder struct {
	limits                           Limits
	depth                            int
	nodes, values, tensors, messages int
}

func (d *decoder) message(b []byte, m message) error {
	f := m.fields()
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return fmt.Errorf("a field's tag: %w", ErrMalformed)
		}
		w, size := consume(num, typ, b[n:])
		if size < 0 {
			return fmt.Errorf("field %d ends early: %w", num, ErrMalformed)
		}
		known, err := m.field(d, num, w)
		if err != nil {
			return err
		}
		if !known {
			f.Unknown = append(f.Unknown, b[:n+size]...)
		} else if num < 64 {
			f.seen |= 1 << num
		}
		b = b[n+size:]
	}
	return nil
}

func consume(num protowire.Number, typ protowire.Type, b []byte) (w wire, n int) {
	w.typ = typ
	switch typ {
	case protowire.VarintType:
		w.n, n = protowire.ConsumeVarint(b)
	case protowire.Fixed32Type:
		var v uint32
		v, n = protowire.ConsumeFixed32(b)
		w.n = uint64(v)
	case protowire.Fixed64Type:
		w.n, n = protowire.ConsumeFixed64(b)
	case protowire.BytesType:
		w.b, n = protowire.ConsumeBytes(b)
	default:
		n = protowire.ConsumeFieldValue(num, typ, b)
	}
	return w, n
}

// The readers below report whether the field has the wire type that they read.

func (d *decoder) str(w wire, to *string) (bool, error) {
	if w.typ != protowire.BytesType {
		return false, nil
	}
	*to = string(w.b)
	return true, nil
}

// name is str for what names things: it is bounded.
func (d *decoder) name(w wire, to *string) (bool, error) {
	if err := Over("bytes in a name", len(w.b), d.limits.Name); err != nil {
		return true, err
	}
	return d.str(w, to)
}

func (d *decoder) names(w wire, to *[]string, most int) (bool, error) {
	var s string
	ok, err := d.name(w, &s)
	if !ok || err != nil {
		return ok, err
	}
	*to = append(*to, s)
	return true, Over("names in a list", len(*to), most)
}

func (d *decoder) bytes(w wire, to *[]byte) (bool, error) {
	if w.typ != protowire.BytesType {
		return false, nil
	}
	*to = w.b
	return true, nil
}

func (d *decoder) int64(w wire, to *int64) (bool, error) {
	if w.typ != protowire.VarintType {
		return false, nil
	}
	*to = int64(w.n)
	return true, nil
}

func (d *decoder) float(w wire, to *float32) (bool, error) {
	if w.typ != protowire.Fixed32Type {
		return false, nil
	}
	*to = math.Float32frombits(uint32(w.n))
	return true, nil
}

// list reads a repeated number, packed or not. size is the least number of bytes of one packed element.
func list[T any](d *decoder, w wire, to *[]T, typ protowire.Type, most int, conv func(uint64) T) (bool, error) {
	if w.typ == typ {
		*to = append(*to, conv(w.n))
		return true, Over("elements in a list", len(*to), most)
	}
	if w.typ != protowire.BytesType {
		return false, nil
	}
	count, err := packedLen(w.b, typ)
	if err != nil {
		return true, err
	}
	if err := Over("elements in a list", len(*to)+count, most); err != nil {
		return true, err
	}
	if *to == nil {
		*to = make([]T, 0, count)
	}
	for b := w.b; len(b) > 0; {
		v, n := consume(1, typ, b)
		if n < 0 {
			return true, fmt.Errorf("a packed list ends early: %w", ErrMalformed)
		}
		*to = append(*to, conv(v.n))
		b = b[n:]
	}
	return true, nil
}

func packedLen(b []byte, typ protowire.Type) (int, error) {
	width := 0
	switch typ {
	case protowire.Fixed32Type:
		width = 4
	case protowire.Fixed64Type:
		width = 8
	default:
		n := 0
		for _, c := range b {
			if c < 0x80 {
				n++
			}
		}
		return n, nil
	}
	if len(b)%width != 0 {
		return 0, fmt.Errorf("a packed list of %d bytes in elements of %d: %w", len(b), width, ErrMalformed)
	}
	return len(b) / width, nil
}

func (d *decoder) ints(w wire, to *[]int64, most int) (bool, error) {
	return list(d, w, to, protowire.VarintType, most, func(n uint64) int64 { return int64(n) })
}

func (d *decoder) floats(w wire, to *[]float32, most int) (bool, error) {
	return list(d, w, to, protowire.Fixed32Type, most, func(n uint64) float32 { return math.Float32frombits(uint32(n)) })
}

// one decodes a singular message; a second occurrence merges into the first, as protobuf says.
func one[T any, P interface {
	*T
	message
}](d *decoder, w wire, to *P) (bool, error) {
	if w.typ != protowire.BytesType {
		return false, nil
	}
	if *to == nil {
		*to = new(T)
	}
	return true, d.message(w.b, *to)
}

// more decodes one element of a repeated message.
func more[T any, P interface {
	*T
	message
}](d *decoder, w wire, to *[]P) (bool, error) {
	if w.typ != protowire.BytesType {
		return false, nil
	}
	d.messages++
	if err := Over("messages in lists", d.messages, d.limits.Messages); err != nil {
		return true, err
	}
	m := P(new(T))
	*to = append(*to, m)
	return true, d.message(w.b, m)
}
