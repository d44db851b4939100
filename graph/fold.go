package graph

import "github.com/elbo-ml/elbo/tensor"

// Known is the content of v as a tensor where shape inference knows all of it: the shape of a tensor of fixed shape and
// what is computed from it. Otherwise it is nil.
func (v *Value) Known() *tensor.Tensor {
	dims, ok := v.Shape.Known()
	ints, known := knownInts(v)
	if !ok || !known || len(ints) != tensor.Shape(dims).Size() {
		return nil
	}
	t := tensor.New(v.DType, dims...)
	for i, x := range ints {
		switch v.DType {
		case tensor.Int64:
			tensor.Data[int64](t)[i] = int64(x)
		case tensor.Int32:
			tensor.Data[int32](t)[i] = int32(x)
		case tensor.Bool:
			tensor.Data[uint8](t)[i] = uint8(x)
		default:
			return nil
		}
	}
	return t
}
