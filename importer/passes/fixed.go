package passes

import "github.com/elbo-ml/elbo/graph"

// Fixed are the weights of g that are no parameters, so that training leaves them alone: masks, running statistics (which
// move by themselves; see graph.TrainingMode), and constants of the formula that an exporter wrote as initializers.
func Fixed(g *graph.Graph) map[*graph.Value]bool {
	fixed := map[*graph.Value]bool{}
	for _, m := range Masks(g) {
		fixed[m] = true
	}
	for _, n := range g.Nodes {
		if n.Op == "BatchNormalization" {
			fixed[n.Input(3)], fixed[n.Input(4)] = true, true
		}
	}
	read := readers(g)
	for _, w := range g.Weights {
		if w.DType.IsFloat() && (w.Data.Len() == 1 && made.MatchString(w.Name) || onlySettings(read[w], w)) {
			fixed[w] = true
		}
	}
	return fixed
}

// onlySettings reports whether all that the nodes read w for is to be told how to compute: the scales of a Resize, the
// bounds of a Clip, the ratio of a Dropout, the values of padding.
func onlySettings(nodes []*graph.Node, w *graph.Value) bool {
	for _, n := range nodes {
		switch n.Op {
		case "Resize", "Clip", "Dropout", "Pad":
			if n.Inputs[0] == w {
				return false
			}
		default:
			return false
		}
	}
	return len(nodes) > 0
}
