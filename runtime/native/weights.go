package native

import (
	"maps"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/kernel"
	"github.com/elbo-ml/elbo/tensor"
)

// absorbWeightGradients lets the gradients of convolutions' weights read x and dy as they are. In graphs of standard operators
// such a gradient is a convolution of one with the other in which batch and channels have changed places before and
// change back after, cut to the kernel's extents. The nodes that are left without a reader go later.
func absorbWeightGradients(g *graph.Graph) {
	readers := map[*graph.Value][]*graph.Node{}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			readers[v] = append(readers[v], n)
		}
	}
	only := func(v *graph.Value) *graph.Node { // the one node that reads v
		if len(readers[v]) != 1 || slices.Contains(g.Outputs, v) {
			return nil
		}
		return readers[v][0]
	}
	for _, n := range g.Nodes {
		if n.Op != "Conv" || n.Input(2) != nil || n.Str("auto_pad", "NOTSET") != "NOTSET" {
			continue
		}
		x, dy, back := n.Inputs[0].Producer, n.Inputs[1].Producer, only(n.Outputs[0])
		if group := n.Int("group", 1); group > 1 {
			x = groupsBesideBatch(x, group)
		}
		if !swapsFirst(x) || !swapsFirst(dy) || !swapsFirst(back) {
			continue
		}
		y := back.Outputs[0]
		if cut := only(y); cutsEnds(cut) {
			y = cut.Outputs[0]
		}
		n.Inputs = []*graph.Value{x.Inputs[0], dy.Inputs[0]}
		n.Attrs = maps.Clone(n.Attrs)
		if n.Attrs == nil {
			n.Attrs = graph.Attrs{}
		}
		n.Attrs[kernel.OfWeights] = int64(1)
		y.Producer.Outputs = []*graph.Value{n.Outputs[0]}
		n.Outputs[0].Producer = y.Producer
		n.Outputs, y.Producer = []*graph.Value{y}, n
	}
}

// groupsBesideBatch is the Transpose of x [n, c, in...] to [c, n, in...] from which n and the two before it make
// [c/group, group*n, in...], or nil.
func groupsBesideBatch(n *graph.Node, group int) *graph.Node {
	if n == nil || n.Op != "Reshape" || !swapsFirst(n.Inputs[0].Producer) {
		return nil
	}
	joined, split := n.Outputs[0].Shape, n.Inputs[0].Producer.Inputs[0]
	if split.Producer == nil || split.Producer.Op != "Reshape" || len(split.Shape) != len(joined)+1 || !split.Shape[0].Is(group) ||
		!joined[0].Equal(split.Shape[1]) || !joined[2:].Equal(split.Shape[3:]) {
		return nil
	}
	back := split.Producer.Inputs[0].Producer
	if whole := split.Producer.Inputs[0].Shape; len(whole) != len(joined) || !whole[1:].Equal(split.Shape[2:]) {
		return nil
	}
	return back
}

// swapsFirst reports whether n is a Transpose of the first two axes.
func swapsFirst(n *graph.Node) bool {
	if n == nil || n.Op != "Transpose" {
		return false
	}
	perm := n.Ints("perm")
	for axis, p := range perm {
		if want := axis; axis > 1 && p != want || axis < 2 && p != 1-axis {
			return false
		}
	}
	return len(perm) >= 2
}

// cutsEnds reports whether n is a Slice that keeps the beginning of each axis, but for the first two, which it keeps whole.
func cutsEnds(n *graph.Node) bool {
	if n == nil || n.Op != "Slice" || n.Inputs[1].Data == nil {
		return false
	}
	same := func(v *graph.Value, want int64) bool {
		if v == nil {
			return true
		}
		return v.Data != nil && v.DType == tensor.Int64 && !slices.ContainsFunc(tensor.Data[int64](v.Data), func(x int64) bool { return x != want })
	}
	x, y := n.Inputs[0].Shape, n.Outputs[0].Shape
	return same(n.Inputs[1], 0) && same(n.Input(4), 1) && x[0].Equal(y[0]) && x[1].Equal(y[1])
}
