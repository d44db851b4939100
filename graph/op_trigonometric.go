package graph

func init() {
	register(
		// y = tan x, so dx = dy (1 + y*y).
		unary("Tan", func(g *Graph, x, y, dy *Value) *Value { return g.Mul(dy, g.onePlus(g.Square(y))) }),
		// y = asin x, so dx = dy / sqrt(1 - x*x).
		unary("Asin", func(g *Graph, x, y, dy *Value) *Value { return g.Div(dy, g.Sqrt(g.oneMinus(g.Square(x)))) }),
		// y = acos x, so dx = -dy / sqrt(1 - x*x).
		unary("Acos", func(g *Graph, x, y, dy *Value) *Value { return g.Neg(g.Div(dy, g.Sqrt(g.oneMinus(g.Square(x))))) }),
		// y = atan x, so dx = dy / (1 + x*x).
		unary("Atan", func(g *Graph, x, y, dy *Value) *Value { return g.Div(dy, g.onePlus(g.Square(x))) }),
		// y = sinh x, so dx = dy cosh x.
		unary("Sinh", func(g *Graph, x, y, dy *Value) *Value { return g.Mul(dy, g.Node("Cosh", nil, x)) }),
		// y = cosh x, so dx = dy sinh x.
		unary("Cosh", func(g *Graph, x, y, dy *Value) *Value { return g.Mul(dy, g.Node("Sinh", nil, x)) }),
		// y = asinh x, so dx = dy / sqrt(1 + x*x).
		unary("Asinh", func(g *Graph, x, y, dy *Value) *Value { return g.Div(dy, g.Sqrt(g.onePlus(g.Square(x)))) }),
		// y = acosh x, so dx = dy / sqrt(x*x - 1).
		unary("Acosh", func(g *Graph, x, y, dy *Value) *Value {
			return g.Div(dy, g.Sqrt(g.Sub(g.Square(x), g.Scalar(1, x))))
		}),
		// y = atanh x, so dx = dy / (1 - x*x).
		unary("Atanh", func(g *Graph, x, y, dy *Value) *Value { return g.Div(dy, g.oneMinus(g.Square(x))) }),
	)
}

func (g *Graph) onePlus(x *Value) *Value { return g.Add(g.Scalar(1, x), x) }

func (g *Graph) oneMinus(x *Value) *Value { return g.Sub(g.Scalar(1, x), x) }
