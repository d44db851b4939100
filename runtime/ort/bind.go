//go:build cgo

package ort

import (
	"fmt"
	"slices"

	ortgo "github.com/yalue/onnxruntime_go"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// binding is what one run hands to ONNX Runtime: values over the caller's tensors themselves. Go's collector does not
// move what is on the heap, and a value refers to its tensor's memory, so the memory stays where ONNX Runtime was told
// it is until release.
//
// Binding costs less than half a microsecond a tensor, so no value is kept from one run to the next: nothing of the caller's stays behind.
type binding struct{ in, out []ortgo.Value }

// empty is lent to tensors without elements: onnxruntime_go takes no empty slice.
var empty [1]byte

func bind(t *tensor.Tensor) (ortgo.Value, error) {
	data := t.Bytes()
	if len(data) == 0 {
		data = empty[:]
	}
	// The element types have the same numbers on both sides: ONNX's.
	v, err := ortgo.NewCustomDataTensor(ortShape(t.Shape()), data, ortgo.TensorElementDataType(t.DType()))
	if err != nil {
		return nil, fmt.Errorf("bind %v: %s", t, oneLine(err))
	}
	return v, nil
}

func (b *binding) release() {
	for _, v := range slices.Concat(b.in, b.out) {
		if v != nil {
			v.Destroy()
		}
	}
}

// ortShape is the shape on ONNX Runtime's side, where a scalar is [1]: see withBindablePorts.
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
func adopt(v ortgo.Value, port graph.Shape) (*tensor.Tensor, error) {
	var dims []int
	if len(port) > 0 { // a scalar came out as [1]
		for _, d := range v.GetShape() {
			dims = append(dims, int(d))
		}
	}
	// onnxruntime_go has copied the elements into Go's memory already, which outlives the value.
	switch v := v.(type) {
	case *ortgo.Tensor[float32]:
		return tensor.Wrap(v.GetData(), dims...)
	case *ortgo.Tensor[float64]:
		return tensor.Wrap(v.GetData(), dims...)
	case *ortgo.Tensor[int64]:
		return tensor.Wrap(v.GetData(), dims...)
	case *ortgo.Tensor[int32]:
		return tensor.Wrap(v.GetData(), dims...)
	case *ortgo.Tensor[uint8]:
		return tensor.Wrap(v.GetData(), dims...)
	case *ortgo.Tensor[bool]:
		return tensor.Wrap(v.GetData(), dims...)
	}
	return nil, fmt.Errorf("a %v output whose shape is known only after the run is not supported", tensor.DType(v.DataType()))
}
