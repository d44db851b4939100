package graph

import (
	"slices"

	"github.com/elbo-ml/elbo/tensor"
)

// FoldInts makes constants of the values whose integer content shape inference knows, and removes the nodes that
// computed them: a chain Shape -> Gather -> Concat of a fixed shape becomes a vector. Outputs of the graph stay.
func FoldInts(g *Graph) {
	kept := g.Nodes[:0]
	for _, n := range g.Nodes {
		if !foldable(g, n) {
			kept = append(kept, n)
			continue
		}
		for _, v := range n.Outputs {
			if v != nil {
				v.Data, v.Producer, v.Constant = intTensor(v), nil, true
			}
		}
	}
	clear(g.Nodes[len(kept):])
	g.Nodes = kept
}

func foldable(g *Graph, n *Node) bool {
	for _, v := range n.Outputs {
		if v != nil && (intTensor(v) == nil || slices.Contains(g.Outputs, v)) {
			return false
		}
	}
	return true
}

// intTensor is the known content of v as a tensor, or nil.
func intTensor(v *Value) *tensor.Tensor {
	dims, ok := v.Shape.Known()
	ints, known := knownInts(v)
	if !ok || !known || len(ints) != tensor.Shape(dims).Size() {
		return nil
	}
	t := tensor.New(v.DType, dims...)
	for i, x := range ints {
		switch v.DType {
		case tensor.Int64:
			tensor.Data[int64](t)[i] = int64(x)
		case tensor.Int32:
			tensor.Data[int32](t)[i] = int32(x)
		case tensor.Bool:
			tensor.Data[uint8](t)[i] = uint8(x)
		default:
			return nil
		}
	}
	return t
}
