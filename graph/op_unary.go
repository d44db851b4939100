package graph

import "math"

// unary is the row of an operator y = f(x) applied to each element. grad writes dx, given x, y and dy; nil stands for
// an operator that is constant almost everywhere.
func unary(name string, grad func(g *Graph, x, y, dy *Value) *Value) *Op {
	op := &Op{Name: name, Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Infer: sameAsInput, Gradient: NoGradient}
	if grad != nil {
		op.Gradient = func(g *Graph, n *Node, dy []*Value) []*Value {
			return []*Value{grad(g, n.Inputs[0], n.Outputs[0], dy[0])}
		}
	}
	return op
}

func sameAsInput(n *Node) error {
	x := n.Inputs[0]
	n.Outputs[0].DType, n.Outputs[0].Shape = x.DType, x.Shape
	return nil
}

func init() {
	register(
		negOp(),
		// y = |x|, so dx = dy * sign(x).
		unary("Abs", func(g *Graph, x, y, dy *Value) *Value { return g.Mul(dy, g.Sign(x)) }),
		// y = sqrt(x), so dx = dy / (2 y).
		unary("Sqrt", func(g *Graph, x, y, dy *Value) *Value { return g.Half(g.Div(dy, y)) }),
		// y = e^x, so dx = dy * y.
		unary("Exp", func(g *Graph, x, y, dy *Value) *Value { return g.Mul(dy, y) }),
		// y = log x, so dx = dy / x.
		unary("Log", func(g *Graph, x, y, dy *Value) *Value { return g.Div(dy, x) }),
		// y = 1/x, so dx = -dy * y*y.
		unary("Reciprocal", func(g *Graph, x, y, dy *Value) *Value { return g.Neg(g.Mul(dy, g.Square(y))) }),
		// y = sin x, so dx = dy * cos x.
		unary("Sin", func(g *Graph, x, y, dy *Value) *Value { return g.Mul(dy, g.Cos(x)) }),
		// y = cos x, so dx = -dy * sin x.
		unary("Cos", func(g *Graph, x, y, dy *Value) *Value { return g.Neg(g.Mul(dy, g.Sin(x))) }),
		// y = erf x, so dx = dy * 2/sqrt(pi) * e^(-x*x).
		unary("Erf", func(g *Graph, x, y, dy *Value) *Value {
			return g.Mul(dy, g.Mul(g.Scalar(2/math.SqrtPi, x), g.Exp(g.Neg(g.Square(x)))))
		}),
		unary("Sign", nil),
		unary("Floor", nil),
		unary("Ceil", nil),
		unary("Round", nil),
		identityOp(),
	)
}

// negOp is y = -x, so dx = -dy.
func negOp() *Op {
	op := unary("Neg", func(g *Graph, x, y, dy *Value) *Value { return g.Neg(dy) })
	op.Infer = func(n *Node) error {
		mapIntsAfter(n, func(d []Dim) (Dim, bool) { return d[0].Mul(N(-1)), true })
		return nil
	}
	return op
}

// identityOp is y = x, so dx = dy.
func identityOp() *Op {
	op := unary("Identity", func(g *Graph, x, y, dy *Value) *Value { return dy })
	op.Lists = true
	op.Infer = func(n *Node) error {
		n.Outputs[0].Kind = n.Inputs[0].Kind
		mapIntsAfter(n, func(d []Dim) (Dim, bool) { return d[0], true })
		return nil
	}
	return op
}

func mapIntsAfter(n *Node, f func([]Dim) (Dim, bool)) {
	n.Outputs[0].DType, n.Outputs[0].Shape = n.Inputs[0].DType, n.Inputs[0].Shape
	mapInts(n.Outputs[0], f, n.Inputs[0])
}

// Neg is -x.
func (g *Graph) Neg(x *Value) *Value { return g.Node("Neg", nil, x) }

// Abs is |x|.
func (g *Graph) Abs(x *Value) *Value { return g.Node("Abs", nil, x) }

// Sqrt is the square root of x.
func (g *Graph) Sqrt(x *Value) *Value { return g.Node("Sqrt", nil, x) }

// Exp is e to the x.
func (g *Graph) Exp(x *Value) *Value { return g.Node("Exp", nil, x) }

// Log is the natural logarithm of x.
func (g *Graph) Log(x *Value) *Value { return g.Node("Log", nil, x) }

// Reciprocal is 1/x.
func (g *Graph) Reciprocal(x *Value) *Value { return g.Node("Reciprocal", nil, x) }

// Sin is sin x.
func (g *Graph) Sin(x *Value) *Value { return g.Node("Sin", nil, x) }

// Cos is cos x.
func (g *Graph) Cos(x *Value) *Value { return g.Node("Cos", nil, x) }

// Erf is the error function of x.
func (g *Graph) Erf(x *Value) *Value { return g.Node("Erf", nil, x) }

// Sign is -1, 0 or 1 as x is negative, zero or positive.
func (g *Graph) Sign(x *Value) *Value { return g.Node("Sign", nil, x) }

// Floor is the largest integer not above x.
func (g *Graph) Floor(x *Value) *Value { return g.Node("Floor", nil, x) }

// Ceil is the smallest integer not below x.
func (g *Graph) Ceil(x *Value) *Value { return g.Node("Ceil", nil, x) }

// Round is the integer nearest to x, halves to even.
func (g *Graph) Round(x *Value) *Value { return g.Node("Round", nil, x) }

// Identity is x itself, as a value of its own.
func (g *Graph) Identity(x *Value) *Value { return g.Node("Identity", nil, x) }
