package graph

import (
	"slices"
	"sort"

	"github.com/elbo-ml/elbo/tensor"
)

// Node applies one operator.
type Node struct {
	Name   string
	Op     string
	Domain string // "" is ONNX's own

	// Inputs in the operator's order; nil stands for an optional input left out. A node with bodies has the values that these
	// read of the graph around them after its own inputs; see Own.
	Inputs []*Value
	// Outputs in the operator's order; nil stands for an optional output nobody wants.
	Outputs []*Value
	Attrs   Attrs

	Doc     string
	Unknown []byte
}

// Attrs are a node's attributes: int64, float32, string, []int64, []float32, []string, *tensor.Tensor, *Graph, or
// a *Value, which stands for its type, by name.
type Attrs map[string]any

// Names are the attribute names in order.
func (a Attrs) Names() []string {
	names := make([]string, 0, len(a))
	for name := range a {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Input is input i, and nil where it is left out.
func (n *Node) Input(i int) *Value {
	if i < len(n.Inputs) {
		return n.Inputs[i]
	}
	return nil
}

// Output is output i, and nil where nobody wants it.
func (n *Node) Output(i int) *Value {
	if i < len(n.Outputs) {
		return n.Outputs[i]
	}
	return nil
}

// Int is the integer attribute called name, or def when the node has none.
func (n *Node) Int(name string, def int) int {
	if v, ok := n.Attrs[name].(int64); ok {
		return int(v)
	}
	return def
}

// Float is the float attribute called name, or def when the node has none.
func (n *Node) Float(name string, def float32) float32 {
	if v, ok := n.Attrs[name].(float32); ok {
		return v
	}
	return def
}

// Str is the string attribute called name, or def when the node has none.
func (n *Node) Str(name, def string) string {
	if v, ok := n.Attrs[name].(string); ok {
		return v
	}
	return def
}

// Ints is the attribute called name as ints, or nil when the node has none.
func (n *Node) Ints(name string) []int {
	v, ok := n.Attrs[name].([]int64)
	if !ok {
		return nil
	}
	out := make([]int, len(v))
	for i, x := range v {
		out[i] = int(x)
	}
	return out
}

// Tensor is the tensor attribute called name, or nil.
func (n *Node) Tensor(name string) *tensor.Tensor {
	t, _ := n.Attrs[name].(*tensor.Tensor)
	return t
}

// Has reports whether the node has an attribute called name.
func (n *Node) Has(name string) bool { _, ok := n.Attrs[name]; return ok }

// ints64 makes the attribute value of a list of ints.
func ints64(v ...int) []int64 {
	out := make([]int64, len(v))
	for i, x := range v {
		out[i] = int64(x)
	}
	return out
}

func (a Attrs) clone() Attrs {
	if a == nil {
		return nil
	}
	out := make(Attrs, len(a))
	for k, v := range a {
		switch v := v.(type) {
		case []int64:
			out[k] = slices.Clone(v)
		case []float32:
			out[k] = slices.Clone(v)
		case []string:
			out[k] = slices.Clone(v)
		default:
			out[k] = v
		}
	}
	return out
}
