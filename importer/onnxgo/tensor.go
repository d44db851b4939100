package onnxgo

import (
	"fmt"

	gorgonia "gorgonia.org/tensor"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// fromGorgonia is t, row-major, over the same memory where t has it so.
func fromGorgonia(t gorgonia.Tensor) (*tensor.Tensor, error) {
	if v, ok := t.(gorgonia.View); ok && v.IsMaterializable() {
		t = v.Materialize()
	}
	if d, ok := t.(gorgonia.DenseTensor); ok && d.DataOrder().IsColMajor() {
		return nil, fmt.Errorf("a column-major tensor: %w", graph.ErrUnsupported)
	}
	shape := t.Shape()
	switch x := t.Data().(type) {
	case []float32:
		return tensor.Wrap(x, shape...)
	case []float64:
		return tensor.Wrap(x, shape...)
	case []int8:
		return tensor.Wrap(x, shape...)
	case []int16:
		return tensor.Wrap(x, shape...)
	case []int32:
		return tensor.Wrap(x, shape...)
	case []int64:
		return tensor.Wrap(x, shape...)
	case []uint8:
		return tensor.Wrap(x, shape...)
	case []uint16:
		return tensor.Wrap(x, shape...)
	case []uint32:
		return tensor.Wrap(x, shape...)
	case []uint64:
		return tensor.Wrap(x, shape...)
	case []bool:
		return tensor.Wrap(x, shape...)
	case float32:
		return tensor.Scalar(x), nil
	case float64:
		return tensor.Scalar(x), nil
	case int32:
		return tensor.Scalar(x), nil
	case int64:
		return tensor.Scalar(x), nil
	case bool:
		return tensor.Scalar(x), nil
	}
	return nil, fmt.Errorf("a tensor of %v: %w", t.Dtype(), graph.ErrUnsupported)
}

// toGorgonia is t over the same memory.
func toGorgonia(t *tensor.Tensor) (gorgonia.Tensor, error) {
	switch t.DType() {
	case tensor.Float32:
		return dense[float32](t), nil
	case tensor.Float64:
		return dense[float64](t), nil
	case tensor.Int8:
		return dense[int8](t), nil
	case tensor.Int16:
		return dense[int16](t), nil
	case tensor.Int32:
		return dense[int32](t), nil
	case tensor.Int64:
		return dense[int64](t), nil
	case tensor.Uint8:
		return dense[uint8](t), nil
	case tensor.Uint16:
		return dense[uint16](t), nil
	case tensor.Uint32:
		return dense[uint32](t), nil
	case tensor.Uint64:
		return dense[uint64](t), nil
	case tensor.Bool:
		return dense[bool](t), nil
	}
	return nil, fmt.Errorf("gorgonia's tensors hold no %v: %w", t.DType(), graph.ErrUnsupported)
}

func dense[T tensor.Element](t *tensor.Tensor) gorgonia.Tensor {
	data := tensor.Data[T](t)
	if len(t.Shape()) == 0 {
		return gorgonia.New(gorgonia.FromScalar(data[0]))
	}
	return gorgonia.New(gorgonia.WithShape(t.Shape()...), gorgonia.WithBacking(data))
}
