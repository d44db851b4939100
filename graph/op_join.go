package graph

import "fmt"

func init() {
	register(
		&Op{Name: "Concat", Inputs: [2]int{1, -1}, Outputs: [2]int{1, 1}, Infer: inferConcat, Gradient: concatGradient},
		&Op{Name: "Split", Inputs: [2]int{1, 2}, Outputs: [2]int{1, -1}, Infer: inferSplit, Gradient: splitGradient},
	)
}

func inferConcat(n *Node) error {
	first, y := n.Inputs[0], n.Outputs[0]
	a, err := axis(n.Int("axis", 0), len(first.Shape))
	if err != nil {
		return err
	}
	s := append(Shape{}, first.Shape...)
	s[a] = N(0)
	ints := []Dim{}
	for _, x := range n.Inputs {
		if x.DType != first.DType || len(x.Shape) != len(s) {
			return fmt.Errorf("inputs must be of one type and rank")
		}
		for i, d := range x.Shape {
			switch {
			case i == a:
				s[i] = s[i].Add(d)
			case differ(s[i], d):
				return fmt.Errorf("inputs differ in axis %d: %v and %v", i, s[i], d)
			default:
				if _, ok := d.Known(); ok {
					s[i] = d
				}
			}
		}
		if ints == nil || x.Ints == nil {
			ints = nil
		} else {
			ints = append(ints, x.Ints...)
		}
	}
	y.DType, y.Shape = first.DType, s
	setInts(y, ints)
	return nil
}

// y = concat(x...), so each dx is its slice of dy.
func concatGradient(g *Graph, n *Node, dy []*Value) []*Value {
	if len(n.Inputs) == 1 {
		return dy
	}
	a, err := axis(n.Int("axis", 0), len(n.Inputs[0].Shape))
	g.Fail(err)
	sizes := make([]*Value, len(n.Inputs))
	for i, x := range n.Inputs {
		sizes[i] = g.dimOf(x, a)
	}
	return g.NodeN("Split", len(n.Inputs), Attrs{"axis": int64(a)}, dy[0], g.concatInts(sizes...))
}

func inferSplit(n *Node) error {
	x := n.Inputs[0]
	a, err := axis(n.Int("axis", 0), len(x.Shape))
	if err != nil {
		return err
	}
	parts := make([]Dim, len(n.Outputs))
	if in := n.Input(1); in == nil {
		each := x.Shape[a].Add(N(len(parts) - 1)).Div(N(len(parts)))
		if k, ok := x.Shape[a].Known(); ok && k%len(parts) != 0 {
			return fmt.Errorf("extent %d does not split into %d equal parts", k, len(parts))
		}
		if _, ok := each.Known(); !ok {
			each = x.Shape[a].Div(N(len(parts)))
		}
		for i := range parts {
			parts[i] = each
		}
	} else if in.Ints != nil {
		if len(in.Ints) != len(parts) {
			return fmt.Errorf("%d sizes for %d outputs", len(in.Ints), len(parts))
		}
		copy(parts, in.Ints)
		if total := Shape(parts).sum(); differ(total, x.Shape[a]) {
			return fmt.Errorf("sizes %v do not add up to extent %v", in.Ints, x.Shape[a])
		}
	} else {
		for i := range parts {
			if y := n.Outputs[i]; y != nil {
				parts[i] = freshDim(y, a)
			}
		}
	}
	at := N(0)
	for i, y := range n.Outputs {
		if k, ok := parts[i].Known(); ok && k < 0 {
			return fmt.Errorf("part %d has extent %d", i, k)
		}
		if y != nil {
			y.DType, y.Shape = x.DType, append(Shape{}, x.Shape...)
			y.Shape[a] = parts[i]
			splitInts(x, y, at, parts[i])
		}
		at = at.Add(parts[i])
	}
	return nil
}

func splitInts(x, y *Value, at, size Dim) {
	lo, ok := at.Known()
	k, ok2 := size.Known()
	if x.Ints != nil && ok && ok2 && 0 <= lo && k <= len(x.Ints) && lo <= len(x.Ints)-k {
		setInts(y, x.Ints[lo:lo+k])
	}
}

func (s Shape) sum() Dim {
	t := N(0)
	for _, d := range s {
		t = t.Add(d)
	}
	return t
}

// y... = split(x), so dx = concat(dy...); a part that the loss does not depend on is zeros.
func splitGradient(g *Graph, n *Node, dy []*Value) []*Value {
	a, err := axis(n.Int("axis", 0), len(n.Inputs[0].Shape))
	g.Fail(err)
	parts := make([]*Value, len(dy))
	for i := range dy {
		if parts[i] = dy[i]; dy[i] == nil {
			parts[i] = g.ZerosLike(g.wanted(n, i))
		}
	}
	dx := make([]*Value, len(n.Inputs))
	dx[0] = g.Concat(a, parts...)
	return dx
}

// concatInts joins int64 vectors, as a constant where all are known.
func (g *Graph) concatInts(parts ...*Value) *Value {
	var all []int
	for _, p := range parts {
		ints, ok := knownInts(p)
		if !ok {
			return g.Concat(0, parts...)
		}
		all = append(all, ints...)
	}
	return g.Int64s(all...)
}

// Concat joins the values along an axis.
func (g *Graph) Concat(axis int, xs ...*Value) *Value {
	return g.Node("Concat", Attrs{"axis": int64(axis)}, xs...)
}

// Split cuts x along an axis into parts of the given sizes.
func (g *Graph) Split(x *Value, axis int, sizes ...int) []*Value {
	return g.NodeN("Split", len(sizes), Attrs{"axis": int64(axis)}, x, g.Int64s(sizes...))
}
