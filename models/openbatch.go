package models

import "github.com/elbo-ml/elbo/graph"

// openBatch gives a graph that was exported for a fixed number of rows a dynamic batch axis, if all of its shapes follow:
// torch.onnx.export fixes the batch of its example unless dynamic_axes tells otherwise. A graph whose nodes rely on that
// number stays as it is.
func openBatch(g *graph.Graph) *graph.Graph {
	c := g.Clone()
	n, fixed := -1, false
	for _, in := range c.Inputs {
		if len(in.Shape) == 0 {
			return g
		}
		k, ok := in.Shape[0].Known()
		if !ok || n >= 0 && k != n {
			return g // dynamic already, or no common batch
		}
		n, fixed = k, true
		in.Shape = withBatch(in.Shape)
	}
	if !fixed || graph.Infer(c) != nil {
		return g
	}
	for _, out := range c.Outputs {
		if len(out.Shape) == 0 || !out.Shape[0].Equal(graph.Sym("batch")) {
			return g
		}
		if _, known := out.Shape[1:].Known(); !known {
			return g // the batch has leaked into the row, through a Reshape to fixed extents
		}
	}
	return c
}
