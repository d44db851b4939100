package graph

import (
	"fmt"

	"github.com/elbo-ml/elbo/tensor"
)

// comparison is the row of an operator that compares two operands, broadcast, and gives bools. holds tells the result
// from the sign of a - b.
func comparison(name string, holds func(sign int) bool) *Op {
	return &Op{Name: name, Inputs: [2]int{2, 2}, Outputs: [2]int{1, 1}, Gradient: NoGradient,
		Infer: func(n *Node) error {
			y := n.Outputs[0]
			y.DType = tensor.Bool
			if err := inferBroadcast(n, n.Inputs...); err != nil {
				return err
			}
			mapInts(y, func(d []Dim) (Dim, bool) {
				c, ok := compareDims(d[0], d[1])
				return boolDim(holds(c)), ok
			}, n.Inputs...)
			return nil
		}}
}

func logical(name string, f func(a, b bool) bool) *Op {
	return &Op{Name: name, Inputs: [2]int{2, 2}, Outputs: [2]int{1, 1}, Gradient: NoGradient,
		Infer: func(n *Node) error {
			n.Outputs[0].DType = tensor.Bool
			if n.Inputs[0].DType != tensor.Bool {
				return fmt.Errorf("inputs must be bool")
			}
			if err := inferBroadcast(n, n.Inputs...); err != nil {
				return err
			}
			mapInts(n.Outputs[0], func(d []Dim) (Dim, bool) { return boolDim(f(!d[0].Is(0), !d[1].Is(0))), true }, n.Inputs...)
			return nil
		}}
}

func init() {
	register(
		comparison("Equal", func(s int) bool { return s == 0 }),
		comparison("Less", func(s int) bool { return s < 0 }),
		comparison("LessOrEqual", func(s int) bool { return s <= 0 }),
		comparison("Greater", func(s int) bool { return s > 0 }),
		comparison("GreaterOrEqual", func(s int) bool { return s >= 0 }),
		logical("And", func(a, b bool) bool { return a && b }),
		logical("Or", func(a, b bool) bool { return a || b }),
		logical("Xor", func(a, b bool) bool { return a != b }),
		&Op{Name: "Not", Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Gradient: NoGradient, Infer: func(n *Node) error {
			mapIntsAfter(n, func(d []Dim) (Dim, bool) { return N(1).Sub(d[0]), true })
			return nil
		}},
		&Op{Name: "IsNaN", Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Gradient: NoGradient, Infer: func(n *Node) error {
			n.Outputs[0].DType, n.Outputs[0].Shape = tensor.Bool, n.Inputs[0].Shape
			return nil
		}},
		&Op{Name: "Where", Inputs: [2]int{3, 3}, Outputs: [2]int{1, 1}, Infer: inferWhere, Gradient: whereGradient},
	)
}

func inferWhere(n *Node) error {
	c, a, b := n.Inputs[0], n.Inputs[1], n.Inputs[2]
	if c.DType != tensor.Bool || a.DType != b.DType {
		return fmt.Errorf("the condition must be bool and the others of one type")
	}
	s, err := Broadcast(c.Shape, a.Shape, b.Shape)
	if err != nil {
		return err
	}
	y := n.Outputs[0]
	y.DType, y.Shape = a.DType, s
	mapInts(y, func(d []Dim) (Dim, bool) {
		if d[0].Is(0) {
			return d[2], true
		}
		return d[1], true
	}, n.Inputs...)
	return nil
}

// y = c ? a : b, so da = c ? dy : 0 and db = c ? 0 : dy.
func whereGradient(g *Graph, n *Node, dy []*Value) []*Value {
	c, a, b, zero := n.Inputs[0], n.Inputs[1], n.Inputs[2], g.Scalar(0, dy[0])
	return []*Value{nil, sumTo(g, g.Where(c, dy[0], zero), a), sumTo(g, g.Where(c, zero, dy[0]), b)}
}

// Equal is a == b, broadcast.
func (g *Graph) Equal(a, b *Value) *Value { return g.Node("Equal", nil, a, b) }

// Less is a < b, broadcast.
func (g *Graph) Less(a, b *Value) *Value { return g.Node("Less", nil, a, b) }

// LessOrEqual is a <= b, broadcast.
func (g *Graph) LessOrEqual(a, b *Value) *Value { return g.Node("LessOrEqual", nil, a, b) }

// Greater is a > b, broadcast.
func (g *Graph) Greater(a, b *Value) *Value { return g.Node("Greater", nil, a, b) }

// GreaterOrEqual is a >= b, broadcast.
func (g *Graph) GreaterOrEqual(a, b *Value) *Value { return g.Node("GreaterOrEqual", nil, a, b) }

// And is a && b, broadcast.
func (g *Graph) And(a, b *Value) *Value { return g.Node("And", nil, a, b) }

// Or is a || b, broadcast.
func (g *Graph) Or(a, b *Value) *Value { return g.Node("Or", nil, a, b) }

// Not is !a.
func (g *Graph) Not(a *Value) *Value { return g.Node("Not", nil, a) }

// Where is a where c holds and b elsewhere, broadcast.
func (g *Graph) Where(c, a, b *Value) *Value { return g.Node("Where", nil, c, a, b) }
