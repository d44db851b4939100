package passes

import (
	"slices"

	"github.com/elbo-ml/elbo/graph"
)

// Masks are the weights of g that hold zeros and ones and are read only to be multiplied with other weights, as those of
// MADE (Germain et al., 2015) and of causal convolutions. They say which weights there are, and are not trained.
func Masks(g *graph.Graph) []*graph.Value {
	var masks []*graph.Value
	read := readers(g)
	fixed := map[*graph.Value]bool{} // weights and what depends on weights alone
	for _, w := range g.Weights {
		fixed[w] = true
	}
	for _, n := range g.Nodes {
		own := len(n.Inputs) > 0
		for _, v := range n.Inputs {
			own = own && (v == nil || v.Data != nil || fixed[v])
		}
		for _, v := range n.Outputs {
			fixed[v] = own
		}
	}
	for _, w := range g.Weights {
		if w.DType.IsFloat() && w.Rank() >= 2 && binary(w) && onlyMasks(read, w, fixed) {
			masks = append(masks, w)
		}
	}
	return masks
}

// binary reports whether w holds zeros and ones, and both.
func binary(w *graph.Value) bool {
	x := w.Data.Floats()
	return slices.Contains(x, 0) && slices.Contains(x, 1) && !slices.ContainsFunc(x, func(e float64) bool { return e != 0 && e != 1 })
}

// onlyMasks reports whether all that reads v, through what passes it on, is a product with what depends on weights alone.
func onlyMasks(read map[*graph.Value][]*graph.Node, v *graph.Value, fixed map[*graph.Value]bool) bool {
	for _, n := range read[v] {
		switch n.Op {
		case "Identity", "Transpose", "Reshape", "Cast":
			if !onlyMasks(read, n.Outputs[0], fixed) {
				return false
			}
		case "Mul":
			other := n.Inputs[0]
			if other == v {
				other = n.Inputs[1]
			}
			if !fixed[other] || other == v {
				return false
			}
		default:
			return false
		}
	}
	return len(read[v]) > 0
}
