package graph

import "fmt"

// MatMul is NumPy's matmul: matrices in the last two axes, the others broadcast; a vector is a row on the left and a
// column on the right.
func init() {
	register(&Op{Name: "MatMul", Inputs: [2]int{2, 2}, Outputs: [2]int{1, 1}, Infer: inferMatMul, Gradient: matMulGradient})
}

func inferMatMul(n *Node) error {
	a, b := n.Inputs[0], n.Inputs[1]
	if a.DType != b.DType {
		return fmt.Errorf("inputs are %v and %v, and must be of one type", a.DType, b.DType)
	}
	sa, sb := a.Shape, b.Shape
	if len(sa) == 0 || len(sb) == 0 {
		return fmt.Errorf("inputs must have an axis")
	}
	row, col := len(sa) == 1, len(sb) == 1
	if row {
		sa = Shape{N(1), sa[0]}
	}
	if col {
		sb = Shape{sb[0], N(1)}
	}
	ra, rb := len(sa), len(sb)
	if differ(sa[ra-1], sb[rb-2]) {
		return fmt.Errorf("inner extents %v and %v differ", sa[ra-1], sb[rb-2])
	}
	s, err := Broadcast(sa[:ra-2], sb[:rb-2])
	if err != nil {
		return err
	}
	if !row {
		s = append(s, sa[ra-2])
	}
	if !col {
		s = append(s, sb[rb-1])
	}
	n.Outputs[0].DType, n.Outputs[0].Shape = a.DType, s
	return nil
}

// y = a b, so da = dy b^T and db = a^T dy, each summed over the batch axes that were stretched. Vectors are taken as
// matrices with an axis of 1.
func matMulGradient(g *Graph, n *Node, dy []*Value) []*Value {
	a, b, d := n.Inputs[0], n.Inputs[1], dy[0]
	am, bm := a, b
	if len(b.Shape) == 1 {
		bm, d = g.Unsqueeze(b, 1), g.Unsqueeze(d, -1)
	}
	if len(a.Shape) == 1 {
		am, d = g.Unsqueeze(a, 0), g.Unsqueeze(d, -2)
	}
	da := sumTo(g, g.MatMul(d, g.swapLast(bm)), am)
	var db *Value
	if rb := len(bm.Shape); rb == 2 && len(am.Shape) > 2 {
		// One product over all rows instead of a batch of products that is then summed.
		rows := func(v *Value) *Value { return g.Reshape(v, g.Concat(0, g.Int64s(-1), g.dimOf(v, len(v.Shape)-1))) }
		db = g.MatMul(g.swapLast(rows(am)), rows(d))
	} else {
		db = sumTo(g, g.MatMul(g.swapLast(am), d), bm)
	}
	return []*Value{g.reshapeLike(da, a), g.reshapeLike(db, b)}
}

// swapLast swaps the last two axes.
func (g *Graph) swapLast(x *Value) *Value {
	perm := make([]int, len(x.Shape))
	for i := range perm {
		perm[i] = i
	}
	r := len(perm)
	if r < 2 { // of unknown shape, after an error
		g.Fail(fmt.Errorf("graph: %v is no matrix", x))
		return x
	}
	perm[r-1], perm[r-2] = r-2, r-1
	return g.Transpose(x, perm...)
}

// MatMul is NumPy's matmul of a and b.
func (g *Graph) MatMul(a, b *Value) *Value { return g.Node("MatMul", nil, a, b) }
