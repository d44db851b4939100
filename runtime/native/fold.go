package native

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/kernel"
	"github.com/elbo-ml/elbo/runtime/native/pool"
	"github.com/elbo-ml/elbo/tensor"
)

// maxFolded bounds the bytes of a value computed while planning, beyond those its inputs hold: an expression such as
// ConstantOfShape([batch, 1000, 1000]) is cheaper computed than kept with every plan.
const maxFolded = 1 << 20

// known gives every output its data when shape inference knows the content, and reports whether it did.
func known(n *graph.Node) bool {
	data := make([]*tensor.Tensor, len(n.Outputs))
	for i, v := range n.Outputs {
		if v == nil {
			continue
		}
		if data[i] = v.Known(); data[i] == nil {
			return false
		}
	}
	for i, v := range n.Outputs {
		if v != nil {
			v.Data, v.Producer = data[i], nil
		}
	}
	return true
}

// foldWeights computes the nodes of g that depend on weights and constants alone, whatever the input shapes, so that all
// plans share the results.
func foldWeights(g *graph.Graph) error {
	kept := g.Nodes[:0]
	for _, n := range g.Nodes {
		k := kernel.Lookup(n.Op)
		if k == nil || !allConstant(n) || ofStrings(n) || k.Dynamic != nil || graph.InferNode(n) != nil || !allKnown(n) || !worthFolding(n) {
			kept = append(kept, n)
			continue
		}
		if err := fold(n, k); err != nil {
			return fmt.Errorf("native: compile: %w", err)
		}
	}
	g.Nodes = kept
	return nil
}

func allConstant(n *graph.Node) bool {
	for _, v := range n.Inputs {
		if v != nil && v.Data == nil {
			return false
		}
	}
	return true
}

// allKnown reports whether the outputs' shapes are numbers that a tensor may have.
func allKnown(n *graph.Node) bool {
	for _, v := range n.Outputs {
		if v != nil && concrete(n, v) != nil {
			return false
		}
	}
	return true
}

func worthFolding(n *graph.Node) bool {
	bytes := maxFolded
	for _, v := range n.Inputs {
		if v != nil {
			bytes += len(v.Data.Bytes())
		}
	}
	for _, v := range n.Outputs {
		if v != nil {
			dims, _ := v.Shape.Known()
			bytes -= tensor.Shape(dims).Size() * v.DType.Size()
		}
	}
	return bytes >= 0
}

// fold computes n, whose inputs are all constants, and makes its outputs constants.
func fold(n *graph.Node, k *kernel.Kernel) error {
	out, err := evaluate(n, k)
	if err != nil {
		return fmt.Errorf("%s (node %q): %w", n.Op, n.Name, err)
	}
	for i, v := range n.Outputs {
		if v == nil {
			continue
		}
		v.Hold(out[i])
		v.Producer = nil
	}
	return nil
}

func evaluate(n *graph.Node, k *kernel.Kernel) ([]*tensor.Tensor, error) {
	in, out := make([]*tensor.Tensor, len(n.Inputs)), make([]*tensor.Tensor, len(n.Outputs))
	for i, v := range n.Inputs {
		if v != nil {
			in[i] = v.Data
		}
	}
	if k.Dynamic != nil {
		return k.Dynamic(n, in)
	}
	call := &kernel.Call{Node: n, In: make([]*kernel.Buf, len(in)), Out: make([]*kernel.Buf, len(out)), Cores: kernel.Cores{Pool: pool.Shared()}}
	for i, t := range in {
		if t != nil {
			call.In[i] = kernel.NewBuf(t.DType(), t.Shape())
			call.In[i].Use(aligned(t).Bytes())
		}
	}
	for i, v := range n.Outputs {
		if v != nil {
			dims, _ := v.Shape.Known()
			out[i] = tensor.New(v.DType, dims...)
			call.Out[i] = kernel.NewBuf(v.DType, dims)
			call.Out[i].Use(out[i].Bytes())
		}
	}
	task, err := k.Bind(call)
	if err != nil {
		return nil, err
	}
	return out, task()
}
