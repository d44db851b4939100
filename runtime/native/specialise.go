package native

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/kernel"
	"github.com/elbo-ml/elbo/tensor"
)

// specialise is g for these input shapes: every dimension a number, every value that depends on no input computed, and
// each expression once.
func specialise(g *graph.Graph, shapes []tensor.Shape) (*graph.Graph, error) {
	c := g.Clone()
	for i, v := range c.Inputs {
		v.Shape = make(graph.Shape, len(shapes[i]))
		for axis, n := range shapes[i] {
			v.Shape[axis] = graph.N(n)
		}
	}
	s := specialiser{graph: c, same: map[*graph.Value]*graph.Value{}}
	nodes := c.Nodes
	c.Nodes = nil
	if err := s.nodes(nodes); err != nil {
		return nil, fmt.Errorf("native: plan: %w", err)
	}
	for i, v := range c.Outputs {
		if w := s.same[v]; w != nil {
			c.Outputs[i] = w
		}
	}
	graph.CSE(c)
	absorbWeightGradients(c)
	c.Nodes = live(c.Nodes, c.Outputs)
	return c, nil
}

// errData is wrapped by the errors about what only the data can tell.
var errData = errors.New("depends on the data")

type specialiser struct {
	graph *graph.Graph
	same  map[*graph.Value]*graph.Value // values that are another under another name
}

// nodes specialises nodes and appends to the graph those that are to run.
func (s *specialiser) nodes(nodes []*graph.Node) error {
	for _, n := range nodes {
		for i, v := range n.Inputs {
			if w := s.same[v]; w != nil {
				n.Inputs[i] = w
			}
		}
		if len(n.Bodies()) > 0 {
			if err := s.unfold(n); err != nil {
				return err
			}
			continue
		}
		keep, err := s.node(n)
		if err != nil {
			return err
		}
		if keep {
			s.graph.Nodes = append(s.graph.Nodes, n)
		}
	}
	return nil
}

// unfold puts what the bodies of n do in its place, where that is known.
func (s *specialiser) unfold(n *graph.Node) error {
	if err := graph.InferNode(n); err != nil {
		return err
	}
	before := len(s.graph.Nodes)
	values, ok, err := graph.Unfold(s.graph, n)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("%s (node %q): what it runs %w", n.Op, n.Name, errData)
	}
	written := slices.Clone(s.graph.Nodes[before:])
	s.graph.Nodes = s.graph.Nodes[:before]
	if err := s.nodes(written); err != nil {
		return err
	}
	for i, v := range n.Outputs {
		if v == nil {
			continue
		}
		s.same[v] = values[i]
		if w := s.same[values[i]]; w != nil {
			s.same[v] = w
		}
	}
	return nil
}

// node infers n and reports whether it is to run: not when its outputs are known or are its input.
func (s *specialiser) node(n *graph.Node) (keep bool, err error) {
	if err := graph.InferNode(n); err != nil {
		return false, err
	}
	if known(n) {
		return false, nil
	}
	k := kernel.Lookup(n.Op)
	constant := allConstant(n)
	switch {
	case k.Dynamic != nil && constant:
		return false, fold(n, k)
	case k.Dynamic != nil:
		return false, fmt.Errorf("%s (node %q): the shape of its output %w", n.Op, n.Name, errData)
	}
	for _, v := range n.Outputs {
		if v == nil {
			continue
		}
		if err := concrete(n, v); err != nil {
			return false, err
		}
	}
	if constant && worthFolding(n) {
		return false, fold(n, k)
	}
	if changesNothing(n) {
		s.same[n.Outputs[0]] = n.Inputs[0]
		return false, nil
	}
	absorbTransposes(n)
	return true, nil
}

// changesNothing reports whether n's one output is its first input, as it is once shapes are numbers of many an Expand,
// Reshape or Cast.
func changesNothing(n *graph.Node) bool {
	x, y := n.Input(0), n.Outputs[0]
	if x == nil || y == nil || x.Shape == nil || len(n.Outputs) > 1 && n.Outputs[1] != nil || x.DType != y.DType || !x.Shape.Equal(y.Shape) {
		return false
	}
	switch n.Op {
	case "Identity", "Dropout", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Cast", "CastLike", "Expand", "Tile":
		return true
	}
	return false
}

// concrete checks that v's shape is all numbers and that its size can be held.
func concrete(n *graph.Node, v *graph.Value) error {
	dims, ok := v.Shape.Known()
	if !ok {
		return fmt.Errorf("%s (node %q): the shape of its output is %v: it %w", n.Op, n.Name, v.Shape, errData)
	}
	size, err := tensor.Shape(dims).CheckedSize()
	if err != nil {
		return fmt.Errorf("%s (node %q): %w", n.Op, n.Name, err)
	}
	if size > maxElements {
		return fmt.Errorf("%s (node %q): output %v has %d elements, more than %d", n.Op, n.Name, v.Shape, size, maxElements)
	}
	return nil
}

// maxElements bounds one value: no memory holds more, and asking for it would end the process.
const maxElements = min(1<<34, math.MaxInt)
