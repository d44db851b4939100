package tensor

import "fmt"

// Kind says what an edge of an ONNX graph carries.
type Kind uint8

// The kinds. Sequences and optionals hold tensors of one element type.
const (
	Dense            Kind = iota // a tensor
	Sequence                     // tensors in order, of shapes of their own
	Optional                     // a tensor, or nothing
	OptionalSequence             // a sequence, or nothing
)

func (k Kind) String() string {
	switch k {
	case Dense:
		return "tensor"
	case Sequence:
		return "sequence"
	case Optional:
		return "optional tensor"
	case OptionalSequence:
		return "optional sequence"
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Value is what an edge of an ONNX graph carries while it runs. A Value is not changed once it is made: operators on
// sequences make new ones, which share the tensors.
type Value struct {
	Kind  Kind
	DType DType // of every tensor in it

	Tensor *Tensor   // of Dense, and of an Optional that holds one
	Items  []*Tensor // of Sequence, and of an OptionalSequence that holds one
	Empty  bool      // an optional that holds nothing
}

// ValueOf is t as a Value.
func ValueOf(t *Tensor) Value { return Value{DType: t.DType(), Tensor: t} }

func (v Value) String() string {
	switch {
	case v.Empty:
		return v.Kind.String() + " that is empty"
	case v.Tensor != nil:
		return v.Tensor.String()
	}
	return fmt.Sprintf("%v of %d %v tensors", v.Kind, len(v.Items), v.DType)
}
