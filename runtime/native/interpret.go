package native

import (
	"context"
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/kernel"
	"github.com/elbo-ml/elbo/tensor"
)

// interpret runs a graph that cannot be planned: where shapes depend on the data (NonZero, a Range whose limit is computed),
// where the data say what is run (an If, a Loop), and where there are sequences, optionals or strings. It runs node by node,
// each shape inferred from what the nodes before gave, every result in memory of its own. It allocates; a graph that can be
// planned is never run this way.
func (p *program) interpret(ctx context.Context, in []tensor.Value) ([]tensor.Value, error) {
	c := p.graph.Clone()
	f := &frame{program: p, lists: map[*graph.Value]tensor.Value{}}
	for i, v := range c.Inputs {
		f.set(v, in[i])
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
			return nil, fmt.Errorf("native: run: %w", err)
		}
		if err := f.node(ctx, n); err != nil {
			return nil, fmt.Errorf("native: run: %w", err)
		}
		for _, v := range n.Inputs {
			if readers[v]--; v != nil && readers[v] == 0 { // it is read no more
				v.Data = nil
				delete(f.lists, v)
			}
		}
	}
	out := make([]tensor.Value, len(c.Outputs))
	for i, v := range c.Outputs {
		out[i] = f.get(v)
	}
	return out, nil
}

// runByNode is interpret into the caller's tensors.
func (p *program) runByNode(ctx context.Context, in, out []*tensor.Tensor) error {
	for i := range p.out {
		if port := &p.out[i]; port.Kind != tensor.Dense {
			return fmt.Errorf("native: run: output %q is a %v, which only RunValues gives: %w", port.Name, typeOf(port), graph.ErrUnsupported)
		}
	}
	values := make([]tensor.Value, len(in))
	for i, t := range in {
		values[i] = tensor.ValueOf(t)
	}
	results, err := p.interpret(ctx, values)
	if err != nil {
		return err
	}
	made, shapes := make([]*graph.Value, len(out)), make([]tensor.Shape, len(out))
	for i, v := range results {
		made[i], shapes[i] = &graph.Value{DType: v.DType}, v.Tensor.Shape()
	}
	if err := p.prepareOutputs(made, shapes, out); err != nil {
		return err
	}
	for i, v := range results {
		copy(out[i].Bytes(), v.Tensor.Bytes())
		copy(out[i].Strings(), v.Tensor.Strings())
	}
	return nil
}

// frame is one run of a graph, node by node: tensors stand in the values, and what is none in lists.
type frame struct {
	program *program
	lists   map[*graph.Value]tensor.Value
}

func (f *frame) set(v *graph.Value, x tensor.Value) {
	if x.Kind == tensor.Dense {
		v.Hold(x.Tensor)
	} else {
		v.Kind, v.DType, v.Shape, v.Ints = x.Kind, x.DType, nil, nil
		f.lists[v] = x
	}
	v.Producer = nil
}

func (f *frame) get(v *graph.Value) tensor.Value {
	if x, ok := f.lists[v]; ok {
		return x
	}
	return tensor.ValueOf(v.Data)
}

// node computes n, whose inputs have all been computed.
func (f *frame) node(ctx context.Context, n *graph.Node) error {
	var results []tensor.Value
	var err error
	k := kernel.Lookup(n.Op)
	switch {
	case control[n.Op] != nil:
		results, err = control[n.Op](ctx, f, n, f.inputs(n))
	case lists[n.Op] != nil && (k == nil || f.takesLists(n)):
		results, err = lists[n.Op](n, f.inputs(n))
	default:
		return interpretTensors(n, k)
	}
	if err != nil {
		return fmt.Errorf("%s (node %q): %w", n.Op, n.Name, err)
	}
	for i, v := range n.Outputs {
		if v != nil {
			f.set(v, results[i])
		}
	}
	return nil
}

// inputs are what n's inputs hold; an input that is left out is an optional that is empty.
func (f *frame) inputs(n *graph.Node) []tensor.Value {
	in := make([]tensor.Value, len(n.Inputs))
	for i, v := range n.Inputs {
		if v == nil {
			in[i] = tensor.Value{Kind: tensor.Optional, Empty: true}
			continue
		}
		in[i] = f.get(v)
	}
	return in
}

func (f *frame) takesLists(n *graph.Node) bool {
	for _, v := range n.Inputs {
		if _, ok := f.lists[v]; ok {
			return true
		}
	}
	return false
}

// interpretTensors computes n, whose inputs are all tensors.
func interpretTensors(n *graph.Node, k *kernel.Kernel) error {
	if err := graph.InferNode(n); err != nil {
		return err
	}
	if known(n) {
		return nil
	}
	if ofStrings(n) && k.Dynamic == nil {
		return foldStrings(n, k)
	}
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
