package onnxpb

import "google.golang.org/protobuf/encoding/protowire"

// Sequence is SequenceProto, of tensors alone.
type Sequence struct {
	Fields
	Name    string
	Elem    int64
	Tensors []*Tensor
}

func (s *Sequence) field(d *decoder, num protowire.Number, w wire) (bool, error) {
	switch num {
	case 1:
		return d.name(w, &s.Name)
	case 2:
		return d.int64(w, &s.Elem)
	case 3:
		return d.tensor(w, &s.Tensors)
	}
	return false, nil
}

func (s *Sequence) encode(e *Buffer) {
	e.str(&s.Fields, 1, s.Name)
	e.int64(&s.Fields, 2, s.Elem)
	messages(e, 3, s.Tensors)
}

// Optional is OptionalProto: a tensor, a sequence of tensors, or neither.
type Optional struct {
	Fields
	Name     string
	Elem     int64
	Tensor   *Tensor
	Sequence *Sequence
}

func (o *Optional) field(d *decoder, num protowire.Number, w wire) (bool, error) {
	switch num {
	case 1:
		return d.name(w, &o.Name)
	case 2:
		return d.int64(w, &o.Elem)
	case 3:
		return one(d, w, &o.Tensor)
	case 5:
		return one(d, w, &o.Sequence)
	}
	return false, nil
}

func (o *Optional) encode(e *Buffer) {
	e.str(&o.Fields, 1, o.Name)
	e.int64(&o.Fields, 2, o.Elem)
	if o.Tensor != nil {
		e.message(3, o.Tensor)
	}
	if o.Sequence != nil {
		e.message(5, o.Sequence)
	}
}

// UnmarshalSequence decodes a sequence that stands by itself. Its bytes are slices of b.
func UnmarshalSequence(b []byte, l Limits) (*Sequence, error) {
	s := &Sequence{}
	return s, alone(b, l, s)
}

// UnmarshalOptional decodes an optional that stands by itself. Its bytes are slices of b.
func UnmarshalOptional(b []byte, l Limits) (*Optional, error) {
	o := &Optional{}
	return o, alone(b, l, o)
}

func alone(b []byte, l Limits, m message) error {
	d := &decoder{limits: l.WithDefaults()}
	if err := Over("bytes", int64(len(b)), d.limits.Bytes); err != nil {
		return err
	}
	return d.message(b, m)
}
