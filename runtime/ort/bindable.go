//go:build cgo

package ort

import (
	"errors"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// bindable reports whether all ports are tensors of known rank whose memory ONNX Runtime can read and write as elbo has
// it: strings and what it packs into a byte are none, nor are sequences and optionals.
func bindable(ports []runtime.Port) bool {
	for _, p := range ports {
		if p.Kind != tensor.Dense || p.Shape == nil || p.DType.Bits() < 8 {
			return false
		}
	}
	return true
}

// withOwnOutputs copies g's structure so that an output that no node computes, or that is asked for twice, passes through
// a node of its own: ONNX Runtime leaves the tensor bound to such an output as it was.
func withOwnOutputs(g *graph.Graph) (*graph.Graph, error) {
	c := g.Clone()
	if len(c.Outputs) == 0 {
		return nil, errors.New("the graph has no outputs")
	}
	taken := map[*graph.Value]bool{}
	for i, v := range c.Outputs {
		if taken[v] || v.Producer == nil {
			c.Outputs[i] = c.Node("Identity", nil, v)
		}
		taken[v] = true
	}
	return c, c.Err()
}

// withBindablePorts changes c so that every scalar input and output becomes a vector of one element: the binding makes no
// tensor of rank 0 over memory that it is given, and a [1] holds the same bytes. A graph without inputs gets one that
// nothing reads: the binding cannot run a session that has none.
func withBindablePorts(c *graph.Graph) error {
	if len(c.Inputs) == 0 {
		c.Input(c.Fresh("unused"), 1)
	}
	var squeezes []*graph.Node
	for i, v := range c.Inputs {
		if len(v.Shape) > 0 {
			continue
		}
		port := &graph.Value{Name: c.Fresh("scalar"), DType: v.DType, Shape: graph.Dims(1)}
		n := &graph.Node{Name: c.Fresh("Squeeze"), Op: "Squeeze", Inputs: []*graph.Value{port, c.Int64s(0)}, Outputs: []*graph.Value{v}}
		if err := c.Register(port); err != nil {
			return err
		}
		v.Producer = n
		c.Inputs[i] = port
		squeezes = append(squeezes, n)
	}
	c.Nodes = append(squeezes, c.Nodes...)
	for i, v := range c.Outputs {
		if len(v.Shape) == 0 {
			c.Outputs[i] = c.Node("Unsqueeze", nil, v, c.Int64s(0))
		}
	}
	return c.Err()
}
