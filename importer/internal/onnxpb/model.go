package onnxpb

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// Model is ONNX's ModelProto.
type Model struct {
	Fields
	IRVersion       int64
	ProducerName    string
	ProducerVersion string
	Domain          string
	ModelVersion    int64
	Doc             string
	Graph           *Graph
	Opsets          []*OperatorSet
	Metadata        []*Entry
	Functions       []*Function
}

// Unmarshal decodes a model. Its tensors' bytes are slices of b.
func Unmarshal(b []byte, l Limits) (*Model, error) {
	d := &decoder{limits: l.WithDefaults()}
	if err := Over("bytes", int64(len(b)), d.limits.Bytes); err != nil {
		return nil, err
	}
	m := &Model{}
	if err := d.message(b, m); err != nil {
		return nil, err
	}
	return m, nil
}

// Encode writes the model.
func (m *Model) Encode() *Buffer {
	e := &Buffer{}
	m.encode(e)
	e.tail = append(e.tail, m.Unknown...)
	return e
}

func (m *Model) field(d *decoder, num protowire.Number, w wire) (bool, error) {
	switch num {
	case 1:
		return d.int64(w, &m.IRVersion)
	case 2:
		return d.str(w, &m.ProducerName)
	case 3:
		return d.str(w, &m.ProducerVersion)
	case 4:
		return d.name(w, &m.Domain)
	case 5:
		return d.int64(w, &m.ModelVersion)
	case 6:
		return d.str(w, &m.Doc)
	case 7:
		return one(d, w, &m.Graph)
	case 8:
		return more(d, w, &m.Opsets)
	case 14:
		return more(d, w, &m.Metadata)
	case 25:
		return more(d, w, &m.Functions)
	}
	return false, nil
}

func (m *Model) encode(e *Buffer) {
	e.int64(&m.Fields, 1, m.IRVersion)
	e.str(&m.Fields, 2, m.ProducerName)
	e.str(&m.Fields, 3, m.ProducerVersion)
	e.str(&m.Fields, 4, m.Domain)
	e.int64(&m.Fields, 5, m.ModelVersion)
	e.str(&m.Fields, 6, m.Doc)
	if m.Graph != nil {
		e.message(7, m.Graph)
	}
	messages(e, 8, m.Opsets)
	messages(e, 14, m.Metadata)
	messages(e, 25, m.Functions)
}

// OperatorSet is OperatorSetIdProto: a domain and the version of it that is spoken.
type OperatorSet struct {
	Fields
	Domain  string
	Version int64
}

func (o *OperatorSet) field(d *decoder, num protowire.Number, w wire) (bool, error) {
	switch num {
	case 1:
		return d.name(w, &o.Domain)
	case 2:
		return d.int64(w, &o.Version)
	}
	return false, nil
}

func (o *OperatorSet) encode(e *Buffer) {
	e.str(&o.Fields, 1, o.Domain)
	e.int64(&o.Fields, 2, o.Version)
}

// Entry is StringStringEntryProto: a key and a value.
type Entry struct {
	Fields
	Key, Value string
}

func (s *Entry) field(d *decoder, num protowire.Number, w wire) (bool, error) {
	switch num {
	case 1:
		return d.name(w, &s.Key)
	case 2:
		return d.str(w, &s.Value)
	}
	return false, nil
}

func (s *Entry) encode(e *Buffer) {
	e.str(&s.Fields, 1, s.Key)
	e.str(&s.Fields, 2, s.Value)
}

// Function is FunctionProto: an operator defined by the model itself.
type Function struct {
	Fields
	Name, Domain, Overload string
	Inputs, Outputs        []string
	Attributes             []string     // names without a default
	Defaults               []*Attribute // attributes with one
	Nodes                  []*Node
	Doc                    string
	Opsets                 []*OperatorSet
	Values                 []*ValueInfo
}

func (f *Function) field(d *decoder, num protowire.Number, w wire) (bool, error) {
	switch num {
	case 1:
		return d.name(w, &f.Name)
	case 4:
		return d.names(w, &f.Inputs, d.limits.Edges)
	case 5:
		return d.names(w, &f.Outputs, d.limits.Edges)
	case 6:
		return d.names(w, &f.Attributes, d.limits.Edges)
	case 7:
		return d.node(w, &f.Nodes)
	case 8:
		return d.str(w, &f.Doc)
	case 9:
		return more(d, w, &f.Opsets)
	case 10:
		return d.name(w, &f.Domain)
	case 11:
		return more(d, w, &f.Defaults)
	case 12:
		return d.value(w, &f.Values)
	case 13:
		return d.name(w, &f.Overload)
	}
	return false, nil
}

func (f *Function) encode(e *Buffer) {
	e.str(&f.Fields, 1, f.Name)
	e.strs(4, f.Inputs)
	e.strs(5, f.Outputs)
	e.strs(6, f.Attributes)
	messages(e, 7, f.Nodes)
	e.str(&f.Fields, 8, f.Doc)
	messages(e, 9, f.Opsets)
	e.str(&f.Fields, 10, f.Domain)
	messages(e, 11, f.Defaults)
	messages(e, 12, f.Values)
	e.str(&f.Fields, 13, f.Overload)
}

func (d *decoder) node(w wire, to *[]*Node) (bool, error) {
	d.nodes++
	if err := Over("nodes", d.nodes, d.limits.Nodes); err != nil {
		return true, err
	}
	return more(d, w, to)
}

func (d *decoder) value(w wire, to *[]*ValueInfo) (bool, error) {
	d.values++
	if err := Over("declared values", d.values, d.limits.Values); err != nil {
		return true, err
	}
	return more(d, w, to)
}

func (d *decoder) tensor(w wire, to *[]*Tensor) (bool, error) {
	d.tensors++
	if err := Over("tensors", d.tensors, d.limits.Tensors); err != nil {
		return true, err
	}
	return more(d, w, to)
}

// nested runs decode one graph deeper.
func (d *decoder) nested(decode func() (bool, error)) (bool, error) {
	d.depth++
	defer func() { d.depth-- }()
	if d.depth > d.limits.Depth {
		return true, fmt.Errorf("graphs nested more than %d deep: %w", d.limits.Depth, ErrLimit)
	}
	return decode()
}
