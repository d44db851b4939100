package passes

import (
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// OpenBatch gives a graph that was exported for a fixed number of rows, the first extent of every input, a dynamic batch
// axis instead, and lets what the exporter computed from that number follow:
//
//   - the target of a Reshape of what depends on the batch: the entry that is the number of rows, or the only one that is
//     a multiple of it, is left to the data;
//   - the target of an Expand whose first entry is that number, if it is more than one;
//   - the shape of RandomNormal and RandomUniform whose first entry is that number.
//
// It returns a copy, and whether any such number was replaced; or nil where the batch is dynamic already, or an output does
// not come out as rows of a known shape. At the number of rows of the export the copy computes what g does. That it treats
// rows apart at others is likely and not certain: whoever relies on it runs it.
func OpenBatch(g *graph.Graph) (opened *graph.Graph, replaced bool) {
	o := opener{Graph: g.Clone(), rows: -1, batch: graph.Sym("batch")}
	for _, in := range o.Inputs {
		if len(in.Shape) == 0 {
			return nil, false
		}
		k, fixed := in.Shape[0].Known()
		if !fixed || o.rows >= 0 && k != o.rows {
			return nil, false // dynamic already, or no common batch
		}
		o.rows = k
		in.Shape = append(graph.Shape{o.batch}, in.Shape[1:]...)
	}
	if o.rows < 1 {
		return nil, false
	}
	nodes := o.Nodes
	o.Nodes = nil
	for _, n := range nodes {
		o.follow(n)
		o.Nodes = append(o.Nodes, n)
		if graph.InferNode(n) != nil || o.Err() != nil {
			return nil, false
		}
	}
	for _, out := range o.Outputs {
		if len(out.Shape) == 0 || !out.Shape[0].Equal(o.batch) {
			return nil, false
		}
		if _, known := out.Shape[1:].Known(); !known {
			return nil, false // the batch has leaked into the row
		}
	}
	return o.Graph, o.replaced
}

type opener struct {
	*graph.Graph
	rows     int
	batch    graph.Dim
	replaced bool
}

// follow replaces the number of rows in n by what stands for the batch.
func (o *opener) follow(n *graph.Node) {
	switch n.Op {
	case "Reshape":
		if _, fixed := n.Inputs[0].Shape.Size().Known(); fixed || n.Int("allowzero", 0) != 0 && slices.Contains(target(n), 0) {
			return
		}
		delete(n.Attrs, "allowzero") // there is none
		if at := o.entry(n.Inputs[0], target(n)); at >= 0 {
			to := slices.Clone(target(n))
			if to[at] = -1; slices.Contains(target(n), -1) {
				to[at] = 0 // the extent of the input
			}
			n.Inputs[1], o.replaced = o.Const(tensor.Vector(to...)), true
		}
	case "Expand":
		if to := target(n); o.rows > 1 && len(to) > 0 && to[0] == int64(o.rows) {
			n.Inputs[1] = o.rowsOf(to[1:])
		}
	case "RandomNormal", "RandomUniform":
		if shape, ok := n.Attrs["shape"].([]int64); ok && len(shape) > 0 && shape[0] == int64(o.rows) {
			n.Op += "Like"
			n.Inputs = []*graph.Value{o.Node("ConstantOfShape", nil, o.rowsOf(shape[1:]))}
			delete(n.Attrs, "shape")
			if !n.Has("dtype") {
				n.Attrs["dtype"] = int64(tensor.Float32)
			}
		}
	}
}

// target is the constant shape that n is given, or nil.
func target(n *graph.Node) []int64 {
	if v := n.Input(1); v != nil && v.Data != nil && v.DType == tensor.Int64 && v.Rank() == 1 {
		return tensor.Data[int64](v.Data)
	}
	return nil
}

// entry is the place in the target of a Reshape of x that holds the batch, or -1 where none needs to be replaced, or
// where it cannot be told.
func (o *opener) entry(x *graph.Value, to []int64) int {
	var equal, multiple []int
	for i, v := range to {
		if v == int64(o.rows) {
			equal = append(equal, i)
		}
		if v > 0 && v%int64(o.rows) == 0 {
			multiple = append(multiple, i)
		}
	}
	first := len(to) > 0 && to[0] == int64(o.rows)
	switch {
	case slices.Contains(to, -1): // takes what is left, so only an extent of x itself can be the batch
		if first && len(x.Shape) > 0 && x.Shape[0].Equal(o.batch) {
			return 0
		}
	case first:
		return 0
	case o.rows > 1 && len(equal) == 1:
		return equal[0]
	case o.rows > 1 && len(equal) == 0 && len(multiple) == 1:
		return multiple[0]
	}
	return -1
}

// rowsOf is the shape [batch, rest...], computed from the first input.
func (o *opener) rowsOf(rest []int64) *graph.Value {
	o.replaced = true
	batch := o.Gather(o.Node("Shape", nil, o.Inputs[0]), o.Int64s(0), 0)
	if len(rest) == 0 {
		return batch
	}
	return o.Concat(0, batch, o.Const(tensor.Vector(rest...)))
}
