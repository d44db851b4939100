package graph

import (
	"math"

	"github.com/elbo-ml/elbo/tensor"
)

// y = x[start:end:step] along each axis, so dx is dy at those places and 0 elsewhere.
func sliceGradient(g *Graph, n *Node, dy []*Value) []*Value {
	x, d := n.Inputs[0], dy[0]
	list, _ := sliceAxes(n)
	for i, a := range list {
		a, err := axis(a, len(x.Shape))
		g.Fail(err)
		step := 1
		if in := n.Input(4); in != nil {
			steps, _ := knownInts(in)
			step = steps[i]
		}
		d = g.unslice(n, d, a, i, step)
	}
	dx := make([]*Value, len(n.Inputs))
	dx[0] = d
	return dx
}

// unslice undoes the cut that entry i of the slice n makes in axis a.
func (g *Graph) unslice(n *Node, d *Value, a, i, step int) *Value {
	x := n.Inputs[0]
	if g.err != nil {
		return d
	}
	same := d.Shape[a].Equal(x.Shape[a])
	switch {
	case same && step == 1:
		return d
	case same && step == -1: // all of the axis, reversed
		return g.Node("Slice", nil, d, g.Int64s(-1), g.Int64s(math.MinInt), g.Int64s(a), g.Int64s(-1))
	}
	extent := g.dimOf(x, a)
	if start := at(n.Inputs[1], i); start != nil && step == 1 {
		if s, ok := start.Known(); ok {
			return g.padCut(d, x, a, s)
		}
	}
	// Any other cut: cut the axis's indices in the same way and scatter to them.
	pick := func(v *Value) *Value { return g.Node("Gather", Attrs{"axis": int64(0)}, v, g.Int64s(i)) }
	scalar := func(v *Value) *Value { return g.Squeeze(v, 0) }
	places := g.Range(g.Const(tensor.Scalar(int64(0))), scalar(extent), g.Const(tensor.Scalar(int64(1))))
	start, end := g.Cast(pick(n.Inputs[1]), tensor.Int64), g.Cast(pick(n.Inputs[2]), tensor.Int64)
	places = g.Node("Slice", nil, places, start, end, g.Int64s(0), g.Int64s(step))
	return g.placeAlong(d, a, extent, places)
}

// padCut puts zeros around d in axis a, where d is x from start on.
func (g *Graph) padCut(d, x *Value, a, start int) *Value {
	extent, size := g.dimOf(x, a), g.dimOf(d, a)
	before := g.Int64s(start)
	if n, ok := x.Shape[a].Known(); ok {
		lo, _ := sliceBounds(n, start, start, 1)
		before = g.Int64s(lo)
	} else if start < 0 {
		before = g.Max(g.Add(extent, before), g.Int64s(0))
	} else {
		before = g.Min(extent, before)
	}
	after := g.foldInts(g.Sub(g.Sub(extent, size), before))
	rank := len(d.Shape)
	pads := make([]*Value, 2*rank)
	for i := range pads {
		pads[i] = g.Int64s(0)
	}
	pads[a], pads[rank+a] = before, after
	y := g.Pad(d, g.concatInts(pads...))
	if len(y.Shape) == rank && !y.Shape[a].Equal(x.Shape[a]) {
		y.Shape[a] = x.Shape[a]
	}
	return y
}

// placeAlong is zeros but for d at the given places of axis a, whose extent is the int64 vector of one element extent.
func (g *Graph) placeAlong(d *Value, a int, extent, places *Value) *Value {
	shape := make([]*Value, len(d.Shape))
	view := make([]int, len(d.Shape))
	for i := range shape {
		shape[i], view[i] = g.dimOf(d, i), 1
	}
	view[a] = -1
	index := g.Expand(g.Reshape(places, g.Int64s(view...)), g.ShapeOf(d))
	shape[a] = extent
	return g.Node("ScatterElements", Attrs{"axis": int64(a)}, g.zeros(d.DType, g.concatInts(shape...)), index, d)
}

// foldInts is v as a constant where its content is known.
func (g *Graph) foldInts(v *Value) *Value {
	if ints, ok := knownInts(v); ok && v.DType == tensor.Int64 && len(v.Shape) == 1 {
		return g.Int64s(ints...)
	}
	return v
}
