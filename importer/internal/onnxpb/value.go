package onnxpb

import "google.golang.org/protobuf/encoding/protowire"

// ValueInfo is ValueInfoProto: a name and its type.
type ValueInfo struct {
	Fields
	Name string
	Type *Type
	Doc  string
}

func (v *ValueInfo) field(d *decoder, num protowire.Number, w wire) (bool, error) {
	switch num {
	case 1:
		return d.name(w, &v.Name)
	case 2:
		return one(d, w, &v.Type)
	case 3:
		return d.str(w, &v.Doc)
	}
	return false, nil
}

func (v *ValueInfo) encode(e *Buffer) {
	e.str(&v.Fields, 1, v.Name)
	if v.Type != nil {
		e.message(2, v.Type)
	}
	e.str(&v.Fields, 3, v.Doc)
}

// Type is TypeProto: one of tensors, sequences and optionals. Maps and sparse tensors stay among the unknown fields.
type Type struct {
	Fields
	Tensor     *TensorType
	Sequence   *ElementType
	Optional   *ElementType
	Denotation string
}

// ElementType is TypeProto.Sequence and TypeProto.Optional, which are alike.
type ElementType struct {
	Fields
	Elem *Type
}

func (t *ElementType) field(d *decoder, num protowire.Number, w wire) (bool, error) {
	if num != 1 {
		return false, nil
	}
	return d.nested(func() (bool, error) { return one(d, w, &t.Elem) })
}

func (t *ElementType) encode(e *Buffer) {
	if t.Elem != nil {
		e.message(1, t.Elem)
	}
}

func (t *Type) field(d *decoder, num protowire.Number, w wire) (bool, error) {
	switch num {
	case 1:
		return one(d, w, &t.Tensor)
	case 4:
		return one(d, w, &t.Sequence)
	case 9:
		return one(d, w, &t.Optional)
	case 6:
		return d.str(w, &t.Denotation)
	}
	return false, nil
}

func (t *Type) encode(e *Buffer) {
	if t.Tensor != nil {
		e.message(1, t.Tensor)
	}
	if t.Sequence != nil {
		e.message(4, t.Sequence)
	}
	if t.Optional != nil {
		e.message(9, t.Optional)
	}
	e.str(&t.Fields, 6, t.Denotation)
}

// TensorType is TypeProto.Tensor. A nil Shape is of unknown rank.
type TensorType struct {
	Fields
	Elem  int64
	Shape *Shape
}

func (t *TensorType) field(d *decoder, num protowire.Number, w wire) (bool, error) {
	switch num {
	case 1:
		return d.int64(w, &t.Elem)
	case 2:
		return one(d, w, &t.Shape)
	}
	return false, nil
}

func (t *TensorType) encode(e *Buffer) {
	e.int64(&t.Fields, 1, t.Elem)
	if t.Shape != nil {
		e.message(2, t.Shape)
	}
}

// Shape is TensorShapeProto.
type Shape struct {
	Fields
	Dims []*Dim
}

func (s *Shape) field(d *decoder, num protowire.Number, w wire) (bool, error) {
	if num != 1 {
		return false, nil
	}
	ok, err := more(d, w, &s.Dims)
	if err == nil {
		err = Over("axes", len(s.Dims), d.limits.Rank)
	}
	return ok, err
}

func (s *Shape) encode(e *Buffer) { messages(e, 1, s.Dims) }

// Dim is TensorShapeProto.Dimension: a number, a symbol, or (with neither) left open.
type Dim struct {
	Fields
	Value      int64
	Known      bool
	Param      string
	Denotation string
}

func (m *Dim) field(d *decoder, num protowire.Number, w wire) (bool, error) {
	switch num {
	case 1:
		// dim_value and dim_param are one of: the last one counts.
		ok, err := d.int64(w, &m.Value)
		if ok {
			m.Known, m.Param = true, ""
		}
		return ok, err
	case 2:
		ok, err := d.name(w, &m.Param)
		if ok {
			m.Known = false
		}
		return ok, err
	case 3:
		return d.str(w, &m.Denotation)
	}
	return false, nil
}

func (m *Dim) encode(e *Buffer) {
	switch {
	case m.Known:
		e.tag(1, protowire.VarintType)
		e.tail = protowire.AppendVarint(e.tail, uint64(m.Value))
	case m.Param != "" || m.Has(2):
		e.tag(2, protowire.BytesType)
		e.tail = protowire.AppendString(e.tail, m.Param)
	}
	e.str(&m.Fields, 3, m.Denotation)
}
