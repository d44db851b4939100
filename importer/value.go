package importer

import (
	"fmt"

	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
	"github.com/elbo-ml/elbo/tensor"
)

// UnmarshalValue reads what ONNX's own test data hold for a value of a kind: a TensorProto, a SequenceProto or an
// OptionalProto. dtype is the type of the tensors in it, which an empty one does not tell.
func UnmarshalValue(b []byte, kind tensor.Kind, dtype tensor.DType, l Limits) (tensor.Value, error) {
	l = l.WithDefaults()
	v := tensor.Value{Kind: kind, DType: dtype}
	var err error
	var sequence *onnxpb.Sequence
	switch kind {
	case tensor.Dense:
		_, v.Tensor, err = UnmarshalTensor(b, l)
		if err != nil {
			return v, err
		}
		v.DType = v.Tensor.DType()
		return v, nil
	case tensor.Sequence:
		if sequence, err = onnxpb.UnmarshalSequence(b, l); err != nil {
			return v, fmt.Errorf("importer: sequence: %w", err)
		}
	default:
		o, err := onnxpb.UnmarshalOptional(b, l)
		if err != nil {
			return v, fmt.Errorf("importer: optional: %w", err)
		}
		sequence = o.Sequence
		v.Empty = o.Sequence == nil && o.Tensor == nil
		if o.Tensor != nil {
			if v.Tensor, err = (&builder{limits: l}).tensorOf(o.Tensor); err != nil {
				return v, fmt.Errorf("importer: optional: %w", err)
			}
		}
	}
	if sequence == nil {
		return v, nil
	}
	for i, p := range sequence.Tensors {
		t, err := (&builder{limits: l}).tensorOf(p)
		if err != nil {
			return v, fmt.Errorf("importer: entry %d: %w", i, err)
		}
		v.Items = append(v.Items, t)
	}
	return v, nil
}
