package onnxpb

import (
	"io"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Buffer is an encoded message in parts: a big byte field is a part of its own and is never copied.
type Buffer struct {
	parts [][]byte
	tail  []byte // owned; grows until a big field ends it
	n     int    // bytes in parts
}

// bigField is the size from which a byte field becomes a part of its own.
const bigField = 1 << 14

// Len is the encoded size in bytes.
func (e *Buffer) Len() int { return e.n + len(e.tail) }

// Bytes is the whole message in one slice.
func (e *Buffer) Bytes() []byte {
	out := make([]byte, 0, e.Len())
	for _, p := range e.parts {
		out = append(out, p...)
	}
	return append(out, e.tail...)
}

// WriteTo writes the message.
func (e *Buffer) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for _, p := range append(e.parts[:len(e.parts):len(e.parts)], e.tail) {
		n, err := w.Write(p)
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

func (e *Buffer) flush() {
	if len(e.tail) > 0 {
		e.parts, e.n, e.tail = append(e.parts, e.tail), e.n+len(e.tail), nil
	}
}

func (e *Buffer) tag(num int, typ protowire.Type) {
	e.tail = protowire.AppendTag(e.tail, protowire.Number(num), typ)
}

func (e *Buffer) raw(num int, b []byte) {
	e.tag(num, protowire.BytesType)
	e.tail = protowire.AppendVarint(e.tail, uint64(len(b)))
	if len(b) < bigField {
		e.tail = append(e.tail, b...)
		return
	}
	e.flush()
	e.parts, e.n = append(e.parts, b), e.n+len(b)
}

// The writers below leave out an empty field unless it stood in the file that the message was decoded from.

func (e *Buffer) str(f *Fields, num int, s string) {
	if s != "" || f.Has(num) {
		e.tag(num, protowire.BytesType)
		e.tail = protowire.AppendString(e.tail, s)
	}
}

func (e *Buffer) bytes(f *Fields, num int, b []byte) {
	if len(b) > 0 || f.Has(num) {
		e.raw(num, b)
	}
}

func (e *Buffer) int64(f *Fields, num int, v int64) {
	if v != 0 || f.Has(num) {
		e.tag(num, protowire.VarintType)
		e.tail = protowire.AppendVarint(e.tail, uint64(v))
	}
}

func (e *Buffer) strs(num int, list []string) {
	for _, s := range list {
		e.tag(num, protowire.BytesType)
		e.tail = protowire.AppendString(e.tail, s)
	}
}

// ints writes a repeated integer unpacked, as ONNX's own writers do for the fields that are not declared packed.
func (e *Buffer) ints(num int, list []int64) {
	for _, v := range list {
		e.tag(num, protowire.VarintType)
		e.tail = protowire.AppendVarint(e.tail, uint64(v))
	}
}

func (e *Buffer) floats(num int, list []float32) {
	for _, v := range list {
		e.tag(num, protowire.Fixed32Type)
		e.fixed32(v)
	}
}

func (e *Buffer) fixed32(v float32) { e.tail = protowire.AppendFixed32(e.tail, math.Float32bits(v)) }

func packed[T any](e *Buffer, num int, list []T, add func([]byte, T) []byte) {
	if len(list) == 0 {
		return
	}
	var b []byte
	for _, v := range list {
		b = add(b, v)
	}
	e.raw(num, b)
}

// encoder is a message that writes itself.
type encoder interface {
	encode(e *Buffer)
	fields() *Fields
}

func (e *Buffer) message(num int, m encoder) {
	var sub Buffer
	m.encode(&sub)
	sub.tail = append(sub.tail, m.fields().Unknown...)
	e.tag(num, protowire.BytesType)
	e.tail = protowire.AppendVarint(e.tail, uint64(sub.Len()))
	if len(sub.parts) == 0 {
		e.tail = append(e.tail, sub.tail...)
		return
	}
	e.flush()
	e.parts, e.n, e.tail = append(e.parts, sub.parts...), e.n+sub.n, sub.tail
}

func messages[M encoder](e *Buffer, num int, list []M) {
	for _, m := range list {
		e.message(num, m)
	}
}
