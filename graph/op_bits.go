package graph

import (
	"fmt"

	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(
		onBits("BitShift", 0), onBits("BitwiseAnd", 18), onBits("BitwiseOr", 18), onBits("BitwiseXor", 18),
		&Op{Name: "BitwiseNot", Since: 18, Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Infer: sameAsInput, Gradient: NoGradient},
		&Op{Name: "BitCast", Since: 26, Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Infer: inferBitCast, Gradient: NoGradient},
	)
}

// onBits is the row of an operator of two integers, broadcast, of one type.
func onBits(name string, since int) *Op {
	return &Op{Name: name, Since: since, Inputs: [2]int{2, 2}, Outputs: [2]int{1, 1}, Gradient: NoGradient, Infer: func(n *Node) error {
		if d := n.Inputs[0].DType; d.IsFloat() || d == tensor.Bool {
			return fmt.Errorf("inputs are %v, and must be integers", d)
		}
		n.Outputs[0].DType = n.Inputs[0].DType
		return inferBroadcast(n, n.Inputs...)
	}}
}

// inferBitCast: the same bits under a type as wide.
func inferBitCast(n *Node) error {
	x, y := n.Inputs[0], n.Outputs[0]
	y.DType, y.Shape = tensor.DType(n.Int("to", 0)), x.Shape
	if !y.DType.Valid() || y.DType.Bits() != x.DType.Bits() {
		return fmt.Errorf("%v as %v: %w", x.DType, y.DType, ErrUnsupported)
	}
	return nil
}
