package graph

import (
	"fmt"

	"github.com/elbo-ml/elbo/tensor"
)

// random is the row of an operator that draws random numbers.
func random(name string, inputs int, infer func(n *Node) error) *Op {
	return &Op{Name: name, Inputs: [2]int{inputs, inputs}, Outputs: [2]int{1, 1}, Infer: infer, Gradient: NoGradient, Noise: true}
}

func init() {
	register(
		random("RandomNormal", 0, inferRandom),
		random("RandomUniform", 0, inferRandom),
		random("RandomNormalLike", 1, inferLike),
		random("RandomUniformLike", 1, inferLike),
		random("Bernoulli", 1, inferLike),
		random("Multinomial", 1, inferMultinomial),
		dropoutOp(),
	)
}

func inferRandom(n *Node) error {
	y := n.Outputs[0]
	y.DType, y.Shape = tensor.DType(n.Int("dtype", int(tensor.Float32))), Shape{}
	for _, d := range n.Ints("shape") {
		if d < 0 {
			return fmt.Errorf("shape %v has a negative extent", n.Ints("shape"))
		}
		y.Shape = append(y.Shape, N(d))
	}
	if !y.DType.IsFloat() {
		return fmt.Errorf("dtype %v: %w", y.DType, ErrUnsupported)
	}
	return nil
}

// inferMultinomial gives [batch, sample_size] classes for [batch, classes] logarithms of shares.
func inferMultinomial(n *Node) error {
	x, y := n.Inputs[0], n.Outputs[0]
	if len(x.Shape) != 2 || !x.DType.IsFloat() {
		return fmt.Errorf("the input %v is not real of shape [batch, classes]", x)
	}
	size := n.Int("sample_size", 1)
	y.DType, y.Shape = tensor.DType(n.Int("dtype", int(tensor.Int32))), Shape{x.Shape[0], N(size)}
	if size < 0 || y.DType != tensor.Int32 && y.DType != tensor.Int64 {
		return fmt.Errorf("sample_size %d of %v: %w", size, y.DType, ErrUnsupported)
	}
	return nil
}

// dropoutOp is y = x, so dx = dy, except in training mode, in which it draws random numbers: LiftNoise writes that out.
func dropoutOp() *Op {
	return &Op{Name: "Dropout", Inputs: [2]int{1, 3}, Outputs: [2]int{1, 2},
		Infer: func(n *Node) error {
			if mask := n.Output(1); mask != nil {
				mask.DType, mask.Shape = tensor.Bool, n.Inputs[0].Shape
			}
			return sameAsInput(n)
		},
		Undifferentiable: func(n *Node) string {
			if Draws(n) {
				return "draws random numbers; lift them to inputs first"
			}
			return ""
		},
		Gradient: func(g *Graph, n *Node, dy []*Value) []*Value {
			dx := make([]*Value, len(n.Inputs))
			dx[0] = dy[0]
			return dx
		}}
}
