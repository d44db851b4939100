package graph

import (
	"fmt"

	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(
		&Op{Name: "ArgMax", Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Infer: inferArg, Gradient: NoGradient},
		&Op{Name: "ArgMin", Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Infer: inferArg, Gradient: NoGradient},
		&Op{Name: "OneHot", Inputs: [2]int{3, 3}, Outputs: [2]int{1, 1}, Infer: inferOneHot,
			// y = off + (on - off) m, where m marks the indices, so d on = sum(m dy) and d off = sum(dy) - sum(m dy).
			Gradient: func(g *Graph, n *Node, dy []*Value) []*Value {
				dx := make([]*Value, 3)
				if values := n.Inputs[2]; !values.Constant && values.DType.IsFloat() {
					marks := g.Cast(g.Const(tensor.Vector[float32](0, 1)), values.DType)
					m := g.Node("OneHot", n.Attrs.clone(), n.Inputs[0], n.Inputs[1], marks)
					on := g.Reshape(g.ReduceSum(g.Mul(m, dy[0]), false), g.Int64s(1))
					all := g.Reshape(g.ReduceSum(dy[0], false), g.Int64s(1))
					dx[2] = g.Concat(0, g.Sub(all, on), on)
				}
				return dx
			}},
		&Op{Name: "NonZero", Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Gradient: NoGradient, Infer: func(n *Node) error {
			y := n.Outputs[0]
			y.DType, y.Shape = tensor.Int64, Shape{N(len(n.Inputs[0].Shape)), freshDim(y, 1)}
			return nil
		}},
		&Op{Name: "Trilu", Inputs: [2]int{1, 2}, Outputs: [2]int{1, 1}, Infer: inferTrilu,
			// y keeps a triangle of x, so dx keeps that triangle of dy.
			Gradient: func(g *Graph, n *Node, dy []*Value) []*Value {
				dx := make([]*Value, len(n.Inputs))
				dx[0] = g.Node("Trilu", n.Attrs.clone(), dy[0], n.Input(1))
				return dx
			}},
		&Op{Name: "EyeLike", Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Gradient: NoGradient, Infer: func(n *Node) error {
			if len(n.Inputs[0].Shape) != 2 {
				return fmt.Errorf("needs a matrix, not %v", n.Inputs[0].Shape)
			}
			return inferLike(n)
		}},
	)
}

func inferArg(n *Node) error {
	x, y := n.Inputs[0], n.Outputs[0]
	a, err := axis(n.Int("axis", 0), len(x.Shape))
	if err != nil {
		return err
	}
	y.DType, y.Shape = tensor.Int64, append(Shape{}, x.Shape[:a]...)
	if n.Int("keepdims", 1) != 0 {
		y.Shape = append(y.Shape, N(1))
	}
	y.Shape = append(y.Shape, x.Shape[a+1:]...)
	return nil
}

func inferOneHot(n *Node) error {
	index, depth, values, y := n.Inputs[0], n.Inputs[1], n.Inputs[2], n.Outputs[0]
	rank := len(index.Shape) + 1
	a, err := axis(n.Int("axis", -1), rank)
	if err != nil {
		return err
	}
	if k, ok := values.Shape.Size().Known(); ok && k != 2 || len(values.Shape) != 1 {
		return fmt.Errorf("values must be [off, on]")
	}
	d := freshDim(y, a)
	if k := at(depth, 0); k != nil {
		d = *k
	} else if depth.Data != nil && depth.Data.Len() == 1 {
		d = N(int(depth.Data.Floats()[0])) // ONNX lets it be of any type
	}
	if k, ok := d.Known(); ok && k < 1 {
		return fmt.Errorf("depth %d", k)
	}
	y.DType = values.DType
	y.Shape = append(append(append(Shape{}, index.Shape[:a]...), d), index.Shape[a:]...)
	return nil
}

func inferTrilu(n *Node) error {
	if k := n.Input(1); k != nil && (k.DType != tensor.Int64 || k.Shape.Size().String() != "1") {
		return fmt.Errorf("k must be one int64")
	}
	if len(n.Inputs[0].Shape) < 2 {
		return fmt.Errorf("needs matrices, not %v", n.Inputs[0].Shape)
	}
	return sameAsInput(n)
}

// inferLike gives output 0 the shape of input 0 and the type that attribute dtype names, or that of the input.
func inferLike(n *Node) error {
	y := n.Outputs[0]
	y.Shape, y.DType = n.Inputs[0].Shape, n.Inputs[0].DType
	if n.Has("dtype") {
		y.DType = tensor.DType(n.Int("dtype", 0))
	}
	if !y.DType.Valid() {
		return fmt.Errorf("dtype %v: %w", y.DType, ErrUnsupported)
	}
	return nil
}
