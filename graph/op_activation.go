package graph

func init() {
	register(
		// y = tanh(x), so dx = dy * (1 - y*y).
		unary("Tanh", func(g *Graph, x, y, dy *Value) *Value { return g.Mul(dy, g.Sub(g.Scalar(1, y), g.Square(y))) }),
		// y = 1 / (1 + e^-x), so dx = dy * y * (1 - y).
		unary("Sigmoid", func(g *Graph, x, y, dy *Value) *Value { return g.Mul(dy, g.Mul(y, g.Sub(g.Scalar(1, y), y))) }),
		// y = log(1 + e^x), so dx = dy * sigmoid(x).
		unary("Softplus", func(g *Graph, x, y, dy *Value) *Value { return g.Mul(dy, g.Sigmoid(x)) }),
		// y = max(x, 0), so dx = dy where x > 0.
		unary("Relu", func(g *Graph, x, y, dy *Value) *Value { return g.whenPositive(x, dy, g.Scalar(0, x)) }),
	)
}

// whenPositive is a where x > 0 and b elsewhere.
func (g *Graph) whenPositive(x, a, b *Value) *Value {
	return g.Where(g.Greater(x, g.Scalar(0, x)), a, b)
}

// Tanh is tanh(x).
func (g *Graph) Tanh(x *Value) *Value { return g.Node("Tanh", nil, x) }

// Sigmoid is 1 / (1 + e^-x).
func (g *Graph) Sigmoid(x *Value) *Value { return g.Node("Sigmoid", nil, x) }

// Softplus is log(1 + e^x).
func (g *Graph) Softplus(x *Value) *Value { return g.Node("Softplus", nil, x) }

// Relu is max(x, 0).
func (g *Graph) Relu(x *Value) *Value { return g.Node("Relu", nil, x) }
