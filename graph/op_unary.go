package graph

// unary is the row of an operator y = f(x) applied to each element. grad writes dx, given x, y and dy.
func unary(name string, grad func(g *Graph, x, y, dy *Value) *Value) *Op {
	return &Op{Name: name, Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Infer: sameAsInput,
		Gradient: func(g *Graph, n *Node, dy []*Value) []*Value {
			return []*Value{grad(g, n.Inputs[0], n.Outputs[0], dy[0])}
		}}
}

func sameAsInput(n *Node) error {
	x := n.Inputs[0]
	n.Outputs[0].DType, n.Outputs[0].Shape = x.DType, x.Shape
	return nil
}

func init() {
	register(
		// y = tanh(x), so dx = dy * (1 - y*y).
		unary("Tanh", func(g *Graph, x, y, dy *Value) *Value { return g.Mul(dy, g.Sub(g.Scalar(1, y), g.Mul(y, y))) }),
		// y = e^x, so dx = dy * y.
		unary("Exp", func(g *Graph, x, y, dy *Value) *Value { return g.Mul(dy, y) }),
	)
}

// Tanh is tanh(x).
func (g *Graph) Tanh(x *Value) *Value { return g.Node("Tanh", nil, x) }

// Exp is e to the x.
func (g *Graph) Exp(x *Value) *Value { return g.Node("Exp", nil, x) }

// Mul is a * b, broadcast.
func (g *Graph) Mul(a, b *Value) *Value { return g.Node("Mul", nil, a, b) }

// Sub is a - b, broadcast.
func (g *Graph) Sub(a, b *Value) *Value { return g.Node("Sub", nil, a, b) }
