package graph

import (
	"fmt"
	"slices"
)

func init() {
	register(
		&Op{Name: "Expand", Inputs: [2]int{2, 2}, Outputs: [2]int{1, 1}, Infer: inferExpand,
			// y = x broadcast, so dx = dy summed to the shape of x.
			Gradient: func(g *Graph, n *Node, dy []*Value) []*Value { return []*Value{sumTo(g, dy[0], n.Inputs[0]), nil} }},
		&Op{Name: "Tile", Inputs: [2]int{2, 2}, Outputs: [2]int{1, 1}, Infer: inferTile, Gradient: tileGradient},
	)
}

func inferExpand(n *Node) error {
	x, shape, y := n.Inputs[0], n.Inputs[1], n.Outputs[0]
	if len(shape.Shape) != 1 {
		return fmt.Errorf("the shape must be a vector")
	}
	y.DType = x.DType
	target := Shape(shape.Ints)
	if target == nil {
		rank, ok := shape.Shape[0].Known()
		if !ok || rank > maxInts {
			return fmt.Errorf("the rank of the result is computed at run time: %w", ErrUnsupported)
		}
		target = freshShape(y, rank)
	}
	for _, d := range target {
		if k, ok := d.Known(); ok && k < 0 {
			return fmt.Errorf("the shape %v has a negative extent", target)
		}
	}
	s, err := Broadcast(x.Shape, target)
	y.Shape = s
	if x.Ints != nil {
		mapInts(y, func(d []Dim) (Dim, bool) { return d[0], true }, x)
	}
	return err
}

func inferTile(n *Node) error {
	x, repeats, y := n.Inputs[0], n.Inputs[1], n.Outputs[0]
	y.DType = x.DType
	if k, ok := repeats.Shape.Size().Known(); ok && k != len(x.Shape) {
		return fmt.Errorf("%d repeats for %d axes", k, len(x.Shape))
	}
	if repeats.Ints == nil {
		y.Shape = freshShape(y, len(x.Shape))
		return nil
	}
	y.Shape = make(Shape, len(x.Shape))
	for i, d := range x.Shape {
		if k, ok := repeats.Ints[i].Known(); ok && k < 0 {
			return fmt.Errorf("a negative repeat %d", k)
		}
		y.Shape[i] = d.Mul(repeats.Ints[i])
	}
	return nil
}

// y = tile(x, r), so dx is dy with each axis split into [r, d] and summed over the first part.
func tileGradient(g *Graph, n *Node, dy []*Value) []*Value {
	x, repeats := n.Inputs[0], n.Inputs[1]
	var parts []*Value
	var sums []int
	for i := range x.Shape {
		sums = append(sums, len(parts))
		parts = append(parts, g.Node("Slice", nil, repeats, g.Int64s(i), g.Int64s(i+1)), g.dimOf(x, i))
	}
	if len(parts) == 0 {
		return []*Value{dy[0], nil}
	}
	split := g.reshapeExact(dy[0], g.concatInts(parts...))
	return []*Value{g.ReduceSum(split, false, sums...), nil}
}

// Expand broadcasts x to the shape that the int64 vector shape holds.
func (g *Graph) Expand(x, shape *Value) *Value { return g.Node("Expand", nil, x, shape) }

// Tile repeats x along each axis.
func (g *Graph) Tile(x *Value, repeats ...int) *Value {
	return g.Node("Tile", nil, x, g.Int64s(slices.Clone(repeats)...))
}
