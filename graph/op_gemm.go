package graph

import "fmt"

// Gemm is y = alpha * A' B' + beta * C, where A' is A or its transpose, and C broadcasts to y.
func init() {
	register(&Op{Name: "Gemm", Inputs: [2]int{2, 3}, Outputs: [2]int{1, 1}, Infer: inferGemm, Gradient: gemmGradient})
}

func inferGemm(n *Node) error {
	a, b, c := n.Inputs[0], n.Inputs[1], n.Input(2)
	if len(a.Shape) != 2 || len(b.Shape) != 2 {
		return fmt.Errorf("inputs A and B must be matrices")
	}
	if a.DType != b.DType || c != nil && c.DType != a.DType {
		return fmt.Errorf("inputs must be of one type")
	}
	m, k := a.Shape[0], a.Shape[1]
	if n.Int("transA", 0) != 0 {
		m, k = k, m
	}
	kb, cols := b.Shape[0], b.Shape[1]
	if n.Int("transB", 0) != 0 {
		kb, cols = cols, kb
	}
	if differ(k, kb) {
		return fmt.Errorf("inner extents %v and %v differ", k, kb)
	}
	y := n.Outputs[0]
	y.DType, y.Shape = a.DType, Shape{m, cols}
	if c == nil {
		return nil
	}
	s, err := Broadcast(c.Shape, y.Shape)
	if err != nil {
		return err
	}
	for i, d := range y.Shape {
		if len(s) != 2 || differ(s[i], d) {
			return fmt.Errorf("input C %v does not broadcast to %v", c.Shape, y.Shape)
		}
	}
	return nil
}

// differ reports whether two extents are known to be different numbers.
func differ(a, b Dim) bool {
	n, ok := a.Sub(b).Known()
	return ok && n != 0
}

// With y = alpha A' B' + beta C: dA' = alpha dy B'^T, dB' = alpha A'^T dy, dC = beta dy summed to C's shape.
func gemmGradient(g *Graph, n *Node, dy []*Value) []*Value {
	a, b, c := n.Inputs[0], n.Inputs[1], n.Input(2)
	alpha, beta := n.Float("alpha", 1), n.Float("beta", 1)
	transA, transB := n.Int("transA", 0), n.Int("transB", 0)
	gemm := func(x *Value, tx int, y *Value, ty int) *Value {
		return g.Node("Gemm", Attrs{"alpha": alpha, "transA": int64(tx), "transB": int64(ty)}, x, y)
	}
	out := make([]*Value, len(n.Inputs))
	if transA == 0 {
		out[0] = gemm(dy[0], 0, b, 1-transB)
	} else {
		out[0] = gemm(b, transB, dy[0], 1)
	}
	if transB == 0 {
		out[1] = gemm(a, 1-transA, dy[0], 0)
	} else {
		out[1] = gemm(dy[0], 1, a, transA)
	}
	if c != nil {
		dc := dy[0]
		if beta != 1 {
			dc = g.Mul(dc, g.Scalar(float64(beta), c))
		}
		out[2] = sumTo(g, dc, c)
	}
	return out
}

// Linear is x w^T + b for x [n, in], w [out, in] and b [out] or nil: PyTorch's Linear, as one Gemm node.
func (g *Graph) Linear(x, w, b *Value) *Value {
	return g.Node("Gemm", Attrs{"transB": int64(1)}, x, w, b)
}
