package importer

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
)

// negativeLogLikelihood is -w[t] x[t] for each target t along axis 1, w being 1 without weights and 0 where t is
// ignore_index; the sum of that, or the mean over the sum of w.
func negativeLogLikelihood(c *conversion) error {
	x, err := c.input(0)
	if err != nil {
		return err
	}
	loss, err := c.likelihoodLoss(x)
	if err != nil {
		return err
	}
	return c.give(loss)
}

// softmaxCrossEntropy is the negative log likelihood of the log softmax along axis 1, which is its second output.
func softmaxCrossEntropy(c *conversion) error {
	x, err := c.input(0)
	if err != nil {
		return err
	}
	logs := c.g.Node("LogSoftmax", graph.Attrs{"axis": int64(1)}, x)
	loss, err := c.likelihoodLoss(logs)
	if err != nil {
		return err
	}
	return c.give(loss, logs)
}

func (c *conversion) likelihoodLoss(logs *graph.Value) (*graph.Value, error) {
	target, err := c.input(1)
	if err != nil {
		return nil, err
	}
	g, weights := c.g, c.n.Input(2)
	var weight *graph.Value // of each target, nil where all are 1
	ignored := c.n.Has("ignore_index")
	var skip *graph.Value
	if ignored {
		skip = g.Equal(target, g.Scalar(float64(c.n.Int("ignore_index", 0)), target))
		target = g.Where(skip, g.Scalar(0, target), target)
	}
	loss := g.Neg(g.Node("Squeeze", nil, g.Node("GatherElements", graph.Attrs{"axis": int64(1)}, logs, g.Unsqueeze(target, 1)), g.Int64s(1)))
	switch {
	case weights != nil:
		weight = g.Gather(weights, target, 0)
	case ignored:
		weight = g.Expand(g.Scalar(1, logs), g.ShapeOf(target))
	}
	if ignored {
		weight = g.Where(skip, g.Scalar(0, logs), weight)
	}
	if weight != nil {
		loss = g.Mul(loss, weight)
	}
	switch r := c.n.Str("reduction", "mean"); r {
	case "none":
		return loss, nil
	case "sum":
		return g.ReduceSum(loss, false), nil
	case "mean":
		if weight == nil {
			return g.ReduceMean(loss, false), nil
		}
		return g.Div(g.ReduceSum(loss, false), g.ReduceSum(weight, false)), nil
	default:
		return nil, fmt.Errorf("reduction %q: %w", r, ErrMalformed)
	}
}
