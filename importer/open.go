package importer

import (
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// rankless are the operators whose rules look at no input's shape; those that do need its rank.
var rankless = []string{
	"Add", "And", "Cast", "CastLike", "Clip", "Div", "Equal", "Greater", "If", "Less", "Loop", "Mul", "OptionalGetElement",
	"OptionalHasElement", "Or", "Pow", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean",
	"ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare", "Scan", "SequenceMap", "Slice", "Squeeze", "Sub", "Unsqueeze", "Xor",
}

// open refuses a node on a tensor whose rank only a run tells, where its rule needs it.
func (c *conversion) open() error {
	for i, v := range c.n.Inputs {
		if v == nil || v.Shape != nil || v.Kind != tensor.Dense {
			continue
		}
		if rules[c.n.Op] != nil && (!slices.Contains(rankless, c.n.Op) || c.opset < 11) {
			return fmt.Errorf("input %d (%s) is of unknown rank: %w", i, v.Name, graph.ErrUnsupported)
		}
	}
	return nil
}
