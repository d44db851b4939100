package graph

import (
	"fmt"
)

func init() {
	register(&Op{Name: "Pad", Inputs: [2]int{2, 3}, Outputs: [2]int{1, 1}, Infer: inferPad, Gradient: padGradient,
		Undifferentiable: func(n *Node) string {
			if m := n.Str("mode", "constant"); m != "constant" {
				return "mode " + m
			}
			return ""
		}})
}

func inferPad(n *Node) error {
	x, pads, y := n.Inputs[0], n.Inputs[1], n.Outputs[0]
	if m := n.Str("mode", "constant"); m != "constant" {
		return fmt.Errorf("mode %q: %w", m, ErrUnsupported)
	}
	rank := len(x.Shape)
	y.DType = x.DType
	if k, ok := pads.Shape.Size().Known(); ok && k != 2*rank {
		return fmt.Errorf("%d pads for %d axes", k, rank)
	}
	if v := n.Input(2); v != nil {
		if k, ok := v.Shape.Size().Known(); ok && k != 1 || v.DType != x.DType {
			return fmt.Errorf("the value %v must be a scalar of type %v", v, x.DType)
		}
	}
	if pads.Ints == nil {
		y.Shape = freshShape(y, rank)
		return nil
	}
	y.Shape = make(Shape, rank)
	for i, d := range x.Shape {
		y.Shape[i] = d.Add(pads.Ints[i]).Add(pads.Ints[rank+i])
		if k, ok := y.Shape[i].Known(); ok && k < 0 {
			return fmt.Errorf("axis %d of %v padded by %v and %v has extent %d", i, x.Shape, pads.Ints[i], pads.Ints[rank+i], k)
		}
	}
	return nil
}

// y = pad(x, p), so dx = pad(dy, -p): negative pads cut.
func padGradient(g *Graph, n *Node, dy []*Value) []*Value {
	dx := make([]*Value, len(n.Inputs))
	pads := n.Inputs[1]
	back := g.foldInts(g.Neg(pads))
	dx[0] = g.Pad(dy[0], back)
	if v := n.Input(2); v != nil && !v.Constant && v.DType.IsFloat() {
		// What the fill value reaches is all of y but x.
		dx[2] = g.reshapeLike(g.Sub(g.ReduceSum(dy[0], false), g.ReduceSum(dx[0], false)), v)
	}
	return dx
}

// Pad puts zeros around x. pads is an int64 vector: the pads before each axis, then those after it; negative ones cut.
func (g *Graph) Pad(x, pads *Value) *Value { return g.Node("Pad", nil, x, pads) }
