//go:build cgo

package ort

import (
	"fmt"
	"slices"
	"unsafe"

	ortgo "github.com/yalue/onnxruntime_go"

	"github.com/elbo-ml/elbo/tensor"
)

// slot is one port's tensor as ONNX Runtime sees it: an OrtValue over the tensor's own memory.
//
// Training binds the same master tensors every step, so a value is kept once the same memory is bound for the second
// time in a row; a tensor that comes only once is let go right after its run. Go's collector does not move what is on
// the heap, and the value refers to the tensor's memory, so the memory stays where ONNX Runtime was told it is.
type slot struct {
	value *ortgo.CustomDataTensor
	keep  bool

	// What the value was made over. The address is only compared, never followed.
	data  uintptr
	dtype tensor.DType
	shape tensor.Shape
}

// empty is lent to tensors without elements: the binding takes no empty slice.
var empty [1]byte

func (s *slot) bind(t *tensor.Tensor) (ortgo.Value, error) {
	data := t.Bytes()
	if len(data) == 0 {
		data = empty[:]
	}
	address := uintptr(unsafe.Pointer(unsafe.SliceData(data)))
	again := s.data == address && s.dtype == t.DType() && s.shape.Equal(t.Shape())
	if again && s.value != nil {
		return s.value, nil
	}
	s.destroy()
	s.keep = again
	s.data, s.dtype, s.shape = address, t.DType(), append(s.shape[:0], t.Shape()...)
	value, err := ortgo.NewCustomDataTensor(ortShape(t.Shape()), data, ortgo.TensorElementDataType(t.DType()))
	if err != nil {
		return nil, fmt.Errorf("bind %v: %s", t, oneLine(err))
	}
	s.value = value
	return value, nil
}

// release lets go of a tensor that was bound for the first time.
func (s *slot) release() {
	if !s.keep {
		s.destroy()
	}
}

func (s *slot) destroy() {
	if s.value != nil {
		s.value.Destroy()
		s.value = nil
	}
}

// ortShape is the shape on ONNX Runtime's side, where a scalar is [1]: see withVectorPorts.
func ortShape(s tensor.Shape) ortgo.Shape {
	if len(s) == 0 {
		return ortgo.Shape{1}
	}
	out := make(ortgo.Shape, len(s))
	for i, d := range s {
		out[i] = int64(d)
	}
	return out
}

// adopt copies a value that ONNX Runtime allocated into a tensor. Only outputs whose shape no rule tells come this way.
func adopt(v ortgo.Value) (*tensor.Tensor, error) {
	var dims []int
	for _, d := range v.GetShape() {
		dims = append(dims, int(d))
	}
	switch v := v.(type) {
	case *ortgo.Tensor[float32]:
		return tensor.Wrap(slices.Clone(v.GetData()), dims...)
	case *ortgo.Tensor[float64]:
		return tensor.Wrap(slices.Clone(v.GetData()), dims...)
	case *ortgo.Tensor[int64]:
		return tensor.Wrap(slices.Clone(v.GetData()), dims...)
	case *ortgo.Tensor[int32]:
		return tensor.Wrap(slices.Clone(v.GetData()), dims...)
	case *ortgo.Tensor[uint8]:
		return tensor.Wrap(slices.Clone(v.GetData()), dims...)
	case *ortgo.Tensor[bool]:
		return tensor.Wrap(slices.Clone(v.GetData()), dims...)
	}
	return nil, fmt.Errorf("an output of type %d whose shape is known only after the run is not supported", v.DataType())
}
