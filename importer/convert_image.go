package importer

import (
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/graph"
)

// AveragePool has dilations since opset 19.
func averagePool(c *conversion) error {
	if slices.ContainsFunc(c.n.Ints("dilations"), func(d int) bool { return d != 1 }) {
		return fmt.Errorf("dilations: %w", graph.ErrUnsupported)
	}
	delete(c.n.Attrs, "dilations")
	return nil
}

// Resize had another form in opset 10, and has new attributes since opset 18: those that say what opset 17 does anyway
// are dropped.
func resize(c *conversion) error {
	if c.opset < 11 {
		return fmt.Errorf("the form of opset %d: %w", c.opset, graph.ErrUnsupported)
	}
	if c.n.Int("antialias", 0) != 0 || c.n.Has("axes") || c.n.Str("keep_aspect_ratio_policy", "stretch") != "stretch" {
		return fmt.Errorf("antialias, axes and keep_aspect_ratio_policy: %w", graph.ErrUnsupported)
	}
	delete(c.n.Attrs, "antialias")
	delete(c.n.Attrs, "keep_aspect_ratio_policy")
	return nil
}
