package native

import (
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/kernel"
	"github.com/elbo-ml/elbo/tensor"
)

// ofStrings reports whether n reads or gives strings.
func ofStrings(n *graph.Node) bool {
	is := func(v *graph.Value) bool { return v != nil && v.DType == tensor.String }
	return slices.ContainsFunc(n.Inputs, is) || slices.ContainsFunc(n.Outputs, is)
}

// takesStrings reports whether foldStrings can run a kernel on strings: one that moves elements of any type, or compares
// them for equality.
func takesStrings(k *kernel.Kernel) bool {
	return k.Dynamic != nil || k.Op == "Equal" || k.Types[tensor.Float8E4M3FN] != nil
}

// foldStrings computes a node on strings by numbers in their place: each string is its rank among all that the node reads,
// and the empty one 0. What moves elements or compares them for equality does the same to both.
func foldStrings(n *graph.Node, k *kernel.Kernel) error {
	if n.Op == "Cast" || n.Op == "CastLike" {
		return castStrings(n)
	}
	ranked := []string{""}
	for _, v := range n.Inputs {
		if v != nil && v.DType == tensor.String {
			ranked = append(ranked, v.Data.Strings()...)
		}
	}
	fill := n.Tensor("value")
	if fill != nil {
		ranked = append(ranked, fill.Strings()...)
	}
	slices.Sort(ranked)
	ranked = slices.Compact(ranked)
	rank := func(t *tensor.Tensor) *tensor.Tensor {
		y := tensor.New(tensor.Int64, t.Shape()...)
		for i, s := range t.Strings() {
			at, _ := slices.BinarySearch(ranked, s)
			tensor.Data[int64](y)[i] = int64(at)
		}
		return y
	}
	m := *n
	m.Inputs, m.Outputs = slices.Clone(n.Inputs), make([]*graph.Value, len(n.Outputs))
	for i, v := range n.Inputs {
		if v != nil && v.DType == tensor.String {
			m.Inputs[i] = &graph.Value{Name: v.Name, Constant: true}
			m.Inputs[i].Hold(rank(v.Data))
		}
	}
	if fill != nil && fill.DType() == tensor.String {
		m.Attrs = graph.Attrs{"value": rank(fill)}
	}
	for i, v := range n.Outputs {
		if v != nil {
			m.Outputs[i] = &graph.Value{Name: v.Name, Producer: &m}
		}
	}
	if err := interpretTensors(&m, k); err != nil {
		return err
	}
	for i, v := range n.Outputs {
		if v == nil {
			continue
		}
		t := m.Outputs[i].Data
		if v.DType == tensor.String {
			text := tensor.New(tensor.String, t.Shape()...)
			for j, r := range tensor.Data[int64](t) {
				text.Strings()[j] = ranked[r]
			}
			t = text
		}
		v.Hold(t)
		v.Producer = nil
	}
	return nil
}

// castStrings casts to strings or from them.
func castStrings(n *graph.Node) error {
	y, err := kernel.CastText(n.Inputs[0].Data, n.Outputs[0].DType)
	if err != nil {
		return fmt.Errorf("%s (node %q): %w", n.Op, n.Name, err)
	}
	n.Outputs[0].Hold(y)
	n.Outputs[0].Producer = nil
	return nil
}
