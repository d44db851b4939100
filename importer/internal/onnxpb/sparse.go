package onnxpb

import "google.golang.org/protobuf/encoding/protowire"

// SparseTensor is SparseTensorProto: the elements that are not 0 and their places, in ascending order. The tensor bears the
// name of its values.
type SparseTensor struct {
	Fields
	Values  *Tensor
	Indices *Tensor
	Dims    []int64
}

func (t *SparseTensor) field(d *decoder, num protowire.Number, w wire) (bool, error) {
	switch num {
	case 1:
		return one(d, w, &t.Values)
	case 2:
		return one(d, w, &t.Indices)
	case 3:
		return d.ints(w, &t.Dims, d.limits.Rank)
	}
	return false, nil
}

func (t *SparseTensor) encode(e *Buffer) {
	if t.Values != nil {
		e.message(1, t.Values)
	}
	if t.Indices != nil {
		e.message(2, t.Indices)
	}
	e.ints(3, t.Dims)
}

func (d *decoder) sparse(w wire, to *[]*SparseTensor) (bool, error) {
	d.tensors += 2
	if err := Over("tensors", d.tensors, d.limits.Tensors); err != nil {
		return true, err
	}
	return more(d, w, to)
}
