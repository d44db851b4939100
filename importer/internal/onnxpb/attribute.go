package onnxpb

import "google.golang.org/protobuf/encoding/protowire"

// The types of an attribute, numbered as in AttributeProto.AttributeType.
const (
	AttrUndefined = 0
	AttrFloat     = 1
	AttrInt       = 2
	AttrString    = 3
	AttrTensor    = 4
	AttrGraph     = 5
	AttrFloats    = 6
	AttrInts      = 7
	AttrStrings   = 8
	AttrTensors   = 9
	AttrGraphs    = 10
	AttrType      = 13
)

// Attribute is AttributeProto.
type Attribute struct {
	Fields
	Name    string
	F       float32
	I       int64
	S       []byte
	T       *Tensor
	G       *Graph
	Floats  []float32
	Ints    []int64
	Strings [][]byte
	Tensors []*Tensor
	Graphs  []*Graph
	Doc     string
	Type    int64
	TP      *Type
	// Ref names the attribute of the enclosing function that this one takes its value from.
	Ref string
}

// Kind is the attribute's type; files older than IR version 3 leave it to be seen from the field that is set.
func (a *Attribute) Kind() int64 {
	if a.Type != AttrUndefined {
		return a.Type
	}
	switch {
	case a.Has(2):
		return AttrFloat
	case a.Has(3):
		return AttrInt
	case a.Has(4):
		return AttrString
	case a.T != nil:
		return AttrTensor
	case a.G != nil:
		return AttrGraph
	case a.Floats != nil:
		return AttrFloats
	case a.Ints != nil:
		return AttrInts
	case a.Strings != nil:
		return AttrStrings
	case a.Tensors != nil:
		return AttrTensors
	case a.Graphs != nil:
		return AttrGraphs
	case a.TP != nil:
		return AttrType
	}
	return AttrUndefined
}

func (a *Attribute) field(d *decoder, num protowire.Number, w wire) (bool, error) {
	switch num {
	case 1:
		return d.name(w, &a.Name)
	case 2:
		return d.float(w, &a.F)
	case 3:
		return d.int64(w, &a.I)
	case 4:
		return d.bytes(w, &a.S)
	case 5:
		d.tensors++
		if err := Over("tensors", d.tensors, d.limits.Tensors); err != nil {
			return true, err
		}
		return one(d, w, &a.T)
	case 6:
		return d.nested(func() (bool, error) { return one(d, w, &a.G) })
	case 7:
		return d.floats(w, &a.Floats, d.limits.Elements)
	case 8:
		return d.ints(w, &a.Ints, d.limits.Elements)
	case 9:
		if w.typ != protowire.BytesType {
			return false, nil
		}
		a.Strings = append(a.Strings, w.b)
		return true, nil
	case 10:
		return d.tensor(w, &a.Tensors)
	case 11:
		return d.nested(func() (bool, error) { return more(d, w, &a.Graphs) })
	case 13:
		return d.str(w, &a.Doc)
	case 14:
		return one(d, w, &a.TP)
	case 20:
		return d.int64(w, &a.Type)
	case 21:
		return d.name(w, &a.Ref)
	}
	return false, nil
}

// made reports whether the attribute is of a type and made here: one that was decoded has its value where the file had it.
func (a *Attribute) made(kind int64) bool { return a.seen == 0 && a.Type == kind && a.Ref == "" }

func (a *Attribute) encode(e *Buffer) {
	e.str(&a.Fields, 1, a.Name)
	if a.made(AttrFloat) || a.Has(2) {
		e.tag(2, protowire.Fixed32Type)
		e.fixed32(a.F)
	}
	if a.made(AttrInt) || a.Has(3) {
		e.tag(3, protowire.VarintType)
		e.tail = protowire.AppendVarint(e.tail, uint64(a.I))
	}
	if a.made(AttrString) || a.Has(4) {
		e.raw(4, a.S)
	}
	if a.T != nil {
		e.message(5, a.T)
	}
	if a.G != nil {
		e.message(6, a.G)
	}
	e.floats(7, a.Floats)
	e.ints(8, a.Ints)
	for _, s := range a.Strings {
		e.raw(9, s)
	}
	messages(e, 10, a.Tensors)
	messages(e, 11, a.Graphs)
	e.str(&a.Fields, 13, a.Doc)
	if a.TP != nil {
		e.message(14, a.TP)
	}
	e.int64(&a.Fields, 20, a.Type)
	e.str(&a.Fields, 21, a.Ref)
}
