package graph

import (
	"fmt"
	"slices"
)

// broadcastDim is the extent that NumPy's rule gives for two extents. Of two symbols either may turn out to be 1, so
// their broadcast is a symbol of its own.
func broadcastDim(a, b Dim) (Dim, error) {
	_, aKnown := a.Known()
	_, bKnown := b.Known()
	switch {
	case a.Equal(b) || b.Is(1):
		return a, nil
	case a.Is(1):
		return b, nil
	case aKnown && bKnown:
		return Dim{}, fmt.Errorf("extents %v and %v do not broadcast", a, b)
	case aKnown:
		return a, nil
	case bKnown:
		return b, nil
	}
	names := []string{a.String(), b.String()}
	slices.Sort(names)
	return atom("broadcast(" + names[0] + "," + names[1] + ")"), nil
}

// Broadcast is the shape that NumPy's rule gives: aligned at the last axis, an extent of 1 stretches.
func Broadcast(shapes ...Shape) (Shape, error) {
	rank := 0
	for _, s := range shapes {
		rank = max(rank, len(s))
	}
	out := make(Shape, rank)
	for i := range out {
		out[i] = N(1)
		for _, s := range shapes {
			j := i - (rank - len(s))
			if j < 0 {
				continue
			}
			d, err := broadcastDim(out[i], s[j])
			if err != nil {
				return nil, fmt.Errorf("shapes %v do not broadcast: %w", shapes, err)
			}
			out[i] = d
		}
	}
	return out, nil
}

// sumTo sums dy, of a broadcast shape, back to the shape of the operand x. It is the gradient of broadcasting.
//
// Where a symbol leaves open whether an axis was stretched (x has extent d, dy has D, and d is 1 or D), the axis is
// split into [D/d, d] and the first part is summed: right in both cases, with the axes of the sum fixed.
func sumTo(g *Graph, dy, x *Value) *Value {
	if dy == nil || g.err != nil || dy.Shape.Equal(x.Shape) {
		return dy
	}
	lead := len(dy.Shape) - len(x.Shape)
	var stretched, open []int
	for i, d := range dy.Shape {
		switch {
		case i < lead || x.Shape[i-lead].Is(1) && !d.Is(1):
			stretched = append(stretched, i)
		case !x.Shape[i-lead].Equal(d):
			if _, known := x.Shape[i-lead].Known(); !known {
				open = append(open, i)
			}
		}
	}
	if len(open) == 0 {
		switch {
		case len(stretched) == lead && lead > 0: // the leading axes alone
			return g.ReduceSum(dy, false, stretched...)
		case len(stretched) > 0:
			dy = g.ReduceSum(dy, true, stretched...)
		}
		if lead == 0 {
			return dy
		}
		return g.reshapeExact(dy, g.ShapeOf(x))
	}
	one := g.Int64s(1)
	parts := make([]*Value, 0, len(dy.Shape)+len(open))
	sums := make([]int, 0, len(stretched)+len(open))
	for i := range dy.Shape {
		d := g.dimOf(dy, i)
		if slices.Contains(open, i) {
			kept := g.dimOf(x, i-lead)
			sums = append(sums, len(parts))
			parts = append(parts, g.Div(d, g.Max(kept, one)), kept)
			continue
		}
		if slices.Contains(stretched, i) {
			sums = append(sums, len(parts))
		}
		parts = append(parts, d)
	}
	split := g.reshapeExact(dy, g.Concat(0, parts...))
	return g.reshapeExact(g.ReduceSum(split, true, sums...), g.ShapeOf(x))
}

// ShapeOf is the shape of x as an int64 vector: a constant where every extent is a number, else a Shape node.
func (g *Graph) ShapeOf(x *Value) *Value {
	if dims, ok := x.Shape.Known(); ok {
		return g.Int64s(dims...)
	}
	return g.Shape(x)
}

// dimOf is the extent of axis i of x as an int64 vector of one element.
func (g *Graph) dimOf(x *Value, i int) *Value {
	if i >= len(x.Shape) { // of unknown shape, after an error
		g.Fail(fmt.Errorf("graph: %v has no axis %d", x, i))
		return g.Int64s(0)
	}
	if n, ok := x.Shape[i].Known(); ok {
		return g.Int64s(n)
	}
	return g.Node("Shape", Attrs{"start": int64(i), "end": int64(i + 1)}, x)
}

// expandLike broadcasts v to the shape of x.
func (g *Graph) expandLike(v, x *Value) *Value {
	if v.Shape.Equal(x.Shape) {
		return v
	}
	return g.Expand(v, g.ShapeOf(x))
}

// reshapeLike gives v the shape of x, which has as many elements.
func (g *Graph) reshapeLike(v, x *Value) *Value {
	if v.Shape.Equal(x.Shape) {
		return v
	}
	return g.reshapeExact(v, g.ShapeOf(x))
}

// reshapeExact gives v a shape in which 0 is an extent of nothing (an empty batch), not a copy.
func (g *Graph) reshapeExact(v, shape *Value) *Value {
	return g.Node("Reshape", Attrs{"allowzero": int64(1)}, v, shape)
}
