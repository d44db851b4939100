package graph

import "github.com/elbo-ml/elbo/tensor"

// alongAxis is the row of an operator that keeps the shape and works along one axis, an attribute that is -1 when left
// out. grad writes dx, given y, dy and the axis.
func alongAxis(name string, grad func(g *Graph, y, dy *Value, axis int) *Value) *Op {
	return &Op{Name: name, Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1},
		Infer: func(n *Node) error {
			if _, err := axis(n.Int("axis", -1), len(n.Inputs[0].Shape)); err != nil {
				return err
			}
			return sameAsInput(n)
		},
		Gradient: func(g *Graph, n *Node, dy []*Value) []*Value {
			return []*Value{grad(g, n.Outputs[0], dy[0], n.Int("axis", -1))}
		}}
}

func init() {
	register(
		// y = e^x / sum e^x, so dx = y * (dy - sum dy*y).
		alongAxis("Softmax", func(g *Graph, y, dy *Value, axis int) *Value {
			return g.Mul(y, g.Sub(dy, g.ReduceSum(g.Mul(dy, y), true, axis)))
		}),
		// y = x - log sum e^x, so dx = dy - e^y * sum dy.
		alongAxis("LogSoftmax", func(g *Graph, y, dy *Value, axis int) *Value {
			return g.Sub(dy, g.Mul(g.Exp(y), g.ReduceSum(dy, true, axis)))
		}),
		cumSumOp(),
	)
}

// cumSumOp is y_i = sum of x_j for j <= i (j < i when exclusive; from the end when reverse), so dx is the same sum of
// dy in the other direction.
func cumSumOp() *Op {
	return &Op{Name: "CumSum", Inputs: [2]int{2, 2}, Outputs: [2]int{1, 1},
		Infer: func(n *Node) error {
			if a, ok := knownInts(n.Inputs[1]); ok && len(a) == 1 {
				if _, err := axis(a[0], len(n.Inputs[0].Shape)); err != nil {
					return err
				}
			}
			return sameAsInput(n)
		},
		Gradient: func(g *Graph, n *Node, dy []*Value) []*Value {
			attrs := Attrs{"exclusive": int64(n.Int("exclusive", 0)), "reverse": int64(1 - n.Int("reverse", 0))}
			return []*Value{g.Node("CumSum", attrs, dy[0], n.Inputs[1]), nil}
		}}
}

// Softmax is e^x / sum(e^x) along an axis.
func (g *Graph) Softmax(x *Value, axis int) *Value {
	return g.Node("Softmax", Attrs{"axis": int64(axis)}, x)
}

// LogSoftmax is x - log(sum(e^x)) along an axis.
func (g *Graph) LogSoftmax(x *Value, axis int) *Value {
	return g.Node("LogSoftmax", Attrs{"axis": int64(axis)}, x)
}

// CumSum is the running sum along an axis.
func (g *Graph) CumSum(x *Value, axis int) *Value {
	return g.Node("CumSum", nil, x, g.Const(tensor.Scalar(int64(axis))))
}
