package graph

import (
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(
		&Op{Name: "Det", Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Infer: func(n *Node) error {
			x, y := n.Inputs[0], n.Outputs[0]
			rank := len(x.Shape)
			if rank < 2 || differ(x.Shape[rank-1], x.Shape[rank-2]) {
				return fmt.Errorf("the input must be square matrices")
			}
			y.DType, y.Shape = x.DType, x.Shape[:rank-2:rank-2]
			return nil
		}},
		&Op{Name: "NonMaxSuppression", Inputs: [2]int{2, 5}, Outputs: [2]int{1, 1}, Gradient: NoGradient, Infer: func(n *Node) error {
			boxes, scores, y := n.Inputs[0], n.Inputs[1], n.Outputs[0]
			if len(boxes.Shape) != 3 || len(scores.Shape) != 3 || differ(boxes.Shape[2], N(4)) ||
				differ(boxes.Shape[0], scores.Shape[0]) || differ(boxes.Shape[1], scores.Shape[2]) {
				return fmt.Errorf("boxes must be [batch, n, 4] and scores [batch, classes, n]")
			}
			y.DType, y.Shape = tensor.Int64, Shape{freshDim(y, 0), N(3)}
			return nil
		}},
		&Op{Name: "Unique", Inputs: [2]int{1, 1}, Outputs: [2]int{1, 4}, Gradient: NoGradient, Infer: inferUnique},
		&Op{Name: "TfIdfVectorizer", Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Gradient: NoGradient, Infer: func(n *Node) error {
			x, y := n.Inputs[0], n.Outputs[0]
			places := n.Ints("ngram_indexes")
			if len(x.Shape) < 1 || len(x.Shape) > 2 || len(places) == 0 {
				return fmt.Errorf("a vector or rows of words, and places for the n-grams, must be given")
			}
			y.DType, y.Shape = tensor.Float32, slices.Clone(x.Shape)
			y.Shape[len(y.Shape)-1] = N(slices.Max(places) + 1)
			return nil
		}},
	)
}

// Unique gives the entries of an axis, or all elements, each once; where each is first; which of them each entry is; and how
// often each is there.
func inferUnique(n *Node) error {
	x, y := n.Inputs[0], n.Outputs[0]
	y.DType, y.Shape = x.DType, Shape{freshDim(y, 0)}
	entries := x.Shape.Size()
	if n.Has("axis") {
		a, err := axis(n.Int("axis", 0), len(x.Shape))
		if err != nil {
			return err
		}
		entries = x.Shape[a]
		y.Shape = slices.Clone(x.Shape)
		y.Shape[a] = freshDim(y, a)
	}
	for i, v := range n.Outputs[1:] {
		v.DType, v.Shape = tensor.Int64, Shape{freshDim(y, 0)}
		if i == 1 {
			v.Shape = Shape{entries}
		}
	}
	return nil
}
