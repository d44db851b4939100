package graph

import "github.com/elbo-ml/elbo/tensor"

// Value is an edge of the graph: what a node computes, an input, a weight or a constant.
type Value struct {
	Name  string
	DType tensor.DType
	Shape Shape // nil while unknown; of a sequence or an optional the shape of every tensor in it, nil where they differ
	// Kind tells sequences and optionals from tensors. DType is that of the tensors in them.
	Kind tensor.Kind
	// Declared is the shape that a model file gives to an output, kept for the way out: its symbols keep their names.
	Declared Shape

	// Producer is the node that computes the value, and nil for inputs, weights and constants.
	Producer *Node

	// Data holds the elements of a weight or a constant. Weights share their tensor with the optimiser that updates it.
	Data *tensor.Tensor
	// Constant tells a constant of the formula (ONNX: a Constant node) from a weight (ONNX: an initializer).
	Constant bool

	// Ints is the content of a small integer tensor of rank 0 or 1, where shape inference knows it: the way in which
	// Shape -> Gather -> Concat -> Reshape chains keep their symbols. nil where unknown.
	Ints []Dim

	// Doc is ONNX's doc_string; Unknown are protobuf fields this version does not know, kept for the way out.
	Doc     string
	Unknown []byte
}

// Hold gives v the elements of t (not a copy of them), and with them its type and shape.
func (v *Value) Hold(t *tensor.Tensor) {
	v.Kind, v.Data, v.DType, v.Shape, v.Ints = tensor.Dense, t, t.DType(), shapeOf(t), intsOf(t)
}

// IsWeight reports whether v is an initializer: data that belongs to the model and may be trained.
func (v *Value) IsWeight() bool { return v.Data != nil && !v.Constant }

// IsInput reports whether v has no data and no producer: somebody feeds it.
func (v *Value) IsInput() bool { return v.Data == nil && v.Producer == nil }

// Rank is the number of axes, and -1 while the shape is unknown.
func (v *Value) Rank() int {
	if v.Shape == nil {
		return -1
	}
	return len(v.Shape)
}

func (v *Value) String() string {
	if v.Kind != tensor.Dense {
		return v.Name + " " + v.Kind.String() + " of " + v.DType.String() + v.Shape.String()
	}
	return v.Name + " " + v.DType.String() + v.Shape.String()
}
