package native

import (
	"context"
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/kernel"
	"github.com/elbo-ml/elbo/tensor"
)

// interpret runs a graph in which shapes depend on the data (NonZero, a Range whose limit is computed): node by node, each
// shape inferred from what the nodes before gave, every result in memory of its own. It allocates; a graph that can be
// planned is never run this way.
func (p *program) interpret(ctx context.Context, in, out []*tensor.Tensor) error {
	c := p.graph.Clone()
	for i, v := range c.Inputs {
		v.Hold(in[i])
	}
	readers := map[*graph.Value]int{}
	for _, n := range c.Nodes {
		for _, v := range n.Inputs {
			readers[v]++
		}
	}
	for _, v := range c.Outputs {
		readers[v]++
	}
	for _, n := range c.Nodes {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("native: run: %w", err)
		}
		if err := interpretNode(n); err != nil {
			return fmt.Errorf("native: run: %w", err)
		}
		for _, v := range n.Inputs {
			if readers[v]--; v != nil && readers[v] == 0 {
				v.Data = nil // it is read no more
			}
		}
	}
	shapes := make([]tensor.Shape, len(c.Outputs))
	for i, v := range c.Outputs {
		shapes[i] = v.Data.Shape()
	}
	if err := p.prepareOutputs(c.Outputs, shapes, out); err != nil {
		return err
	}
	for i, v := range c.Outputs {
		copy(out[i].Bytes(), v.Data.Bytes())
	}
	return nil
}

// interpretNode computes n, whose inputs all hold data.
func interpretNode(n *graph.Node) error {
	if err := graph.InferNode(n); err != nil {
		return err
	}
	if known(n) {
		return nil
	}
	k := kernel.Lookup(n.Op)
	if k.Dynamic == nil {
		for _, v := range n.Outputs {
			if v == nil {
				continue
			}
			if err := concrete(n, v); err != nil {
				return err
			}
		}
	}
	return fold(n, k)
}
