package graph

import "github.com/elbo-ml/elbo/tensor"

func init() {
	register(
		// y = a - q b with a whole number q, so da = dy and db = -q dy = dy (y - a) / b.
		binary("Mod", floorMod, func(g *Graph, a, b, y, dy *Value) (*Value, *Value) { return dy, g.Mul(dy, g.Div(g.Sub(y, a), b)) }),
		&Op{Name: "IsInf", Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Gradient: NoGradient, Infer: func(n *Node) error {
			n.Outputs[0].DType, n.Outputs[0].Shape = tensor.Bool, n.Inputs[0].Shape
			return nil
		}},
		&Op{Name: "CumProd", Since: 26, Inputs: [2]int{2, 2}, Outputs: [2]int{1, 1}, Infer: sameAsInput},
	)
}

// floorMod is the remainder of numbers that are not negative, for which both kinds of it are the same.
func floorMod(a, b Dim) (Dim, bool) {
	x, ok := a.Known()
	y, ok2 := b.Known()
	if !ok || !ok2 || x < 0 || y <= 0 {
		return Dim{}, false
	}
	return N(x % y), true
}
