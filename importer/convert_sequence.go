package importer

import (
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// sequenceAt takes a part of a tensor that was split right before as a Slice: PyTorch's dynamo exporter writes chunk and
// split so where it does not optimise, and sequences neither train nor run in one plan.
func sequenceAt(c *conversion) error {
	list, index := c.n.Input(0), c.n.Input(1)
	if list == nil || index == nil || list.Producer == nil || list.Producer.Op != "SplitToSequence" || index.Data == nil || index.Data.Len() != 1 {
		return nil
	}
	split := list.Producer
	x := split.Inputs[0]
	at, err := axis(split.Int("axis", 0), x.Rank())
	if err != nil || x.Shape == nil || at == x.Rank() {
		return nil
	}
	extent, known := x.Shape[at].Known()
	starts := cuts(split, extent)
	if !known || starts == nil {
		return nil
	}
	i := int(index.Data.Floats()[0])
	if i < 0 {
		i += len(starts) - 1
	}
	if i < 0 || i >= len(starts)-1 {
		return nil // an error of the run
	}
	c.builder.cut = append(c.builder.cut, split)
	part := []*graph.Value{x, c.g.Int64s(starts[i]), c.g.Int64s(starts[i+1]), c.g.Int64s(at)}
	if split.Input(1) == nil && split.Int("keepdims", 1) == 0 {
		return c.finish("Squeeze", nil, c.g.Node("Slice", nil, part...), c.g.Int64s(at))
	}
	return c.finish("Slice", nil, part...)
}

// cuts are where the parts of a SplitToSequence along an axis of the extent begin, and where the last ends; nil where that
// is not known, or does not fit.
func cuts(split *graph.Node, extent int) []int {
	starts, size := []int{0}, 1
	if sizes := split.Input(1); sizes != nil {
		if sizes.Data == nil || !slices.Contains([]tensor.DType{tensor.Int64, tensor.Int32}, sizes.DType) {
			return nil
		}
		list := sizes.Data.Floats()
		if sizes.Rank() == 1 {
			for _, n := range list {
				if n < 0 {
					return nil
				}
				starts = append(starts, starts[len(starts)-1]+int(n))
			}
			if starts[len(starts)-1] != extent {
				return nil
			}
			return starts
		}
		if size = int(list[0]); size < 1 {
			return nil
		}
	}
	if extent/size > 1<<16 {
		return nil
	}
	for end := 0; end < extent; {
		end = min(end+size, extent)
		starts = append(starts, end)
	}
	return starts
}

// dropCut removes the splits whose every part was taken as a Slice.
func (b *builder) dropCut() {
	read := map[*graph.Value]bool{}
	for _, n := range b.g.Nodes {
		for _, v := range n.Inputs {
			read[v] = true
		}
	}
	for _, v := range b.g.Outputs {
		read[v] = true
	}
	b.g.Nodes = slices.DeleteFunc(b.g.Nodes, func(n *graph.Node) bool {
		return slices.Contains(b.cut, n) && !read[n.Outputs[0]]
	})
}
