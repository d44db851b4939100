package graph

import (
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(
		&Op{Name: "StringConcat", Since: 20, Inputs: [2]int{2, 2}, Outputs: [2]int{1, 1}, Gradient: NoGradient, Infer: func(n *Node) error {
			n.Outputs[0].DType = tensor.String
			if err := areStrings(n); err != nil {
				return err
			}
			return inferBroadcast(n, n.Inputs...)
		}},
		// StringSplit gives the parts along a new last axis, as many as the string with the most has, and how many each has.
		&Op{Name: "StringSplit", Since: 20, Inputs: [2]int{1, 1}, Outputs: [2]int{2, 2}, Gradient: NoGradient, Infer: func(n *Node) error {
			x, parts, counts := n.Inputs[0], n.Outputs[0], n.Outputs[1]
			parts.DType, parts.Shape = tensor.String, append(slices.Clone(x.Shape), freshDim(parts, len(x.Shape)))
			counts.DType, counts.Shape = tensor.Int64, x.Shape
			return areStrings(n)
		}},
		// StringNormalizer drops words, of a vector or of a matrix of one row.
		&Op{Name: "StringNormalizer", Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Gradient: NoGradient, Infer: func(n *Node) error {
			x, y := n.Inputs[0], n.Outputs[0]
			rank := len(x.Shape)
			if rank < 1 || rank > 2 || rank == 2 && differ(x.Shape[0], N(1)) {
				return fmt.Errorf("the words must be a vector or one row")
			}
			y.DType, y.Shape = tensor.String, slices.Clone(x.Shape)
			y.Shape[rank-1] = freshDim(y, rank-1)
			return areStrings(n)
		}},
		&Op{Name: "RegexFullMatch", Since: 20, Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Gradient: NoGradient, Infer: func(n *Node) error {
			n.Outputs[0].DType, n.Outputs[0].Shape = tensor.Bool, n.Inputs[0].Shape
			return areStrings(n)
		}},
	)
}

func areStrings(n *Node) error {
	for i, v := range n.Inputs {
		if v.DType != tensor.String {
			return fmt.Errorf("input %d must hold strings", i)
		}
	}
	return nil
}
