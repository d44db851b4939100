package model

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/train"
)

// Needed is the sum of a training's weights, their two moments in Adam, and the live activations of its step, in bytes.
//
// Activations are all values that the step computes, gradients among them, and its minibatch and noise. They are live from
// the node that computes them to the last that reads them, those that go out of the step to its end; what counts is the
// largest sum at any node, in the graph's order, each node run by itself.
func Needed(m *Trained) (int, error) {
	obj, err := m.Objective()
	if err != nil {
		return 0, err
	}
	g, at := obj.Graph.CloneMap()
	params := make([]*graph.Value, len(obj.Params))
	weights := 0
	for i, p := range obj.Params {
		params[i] = at[p]
		weights += len(p.Data.Bytes())
	}
	grads, err := train.Gradients(g, at[obj.Loss], params)
	if err != nil {
		return 0, err
	}
	g.Outputs = nil
	g.Output("step_loss", at[obj.Loss])
	for i, v := range grads {
		g.Output(fmt.Sprintf("gradient_%d", i), v)
	}
	if err := g.Err(); err != nil {
		return 0, err
	}
	shapes := map[string][]int{}
	for _, v := range append([]*graph.Value{obj.X}, obj.Noise...) {
		row, _ := v.Shape[1:].Known()
		shapes[v.Name] = append([]int{m.Batch}, row...)
	}
	if obj.KLWeight != nil {
		shapes[obj.KLWeight.Name] = []int{}
	}
	if g, err = graph.Specialize(g, shapes); err != nil {
		return 0, err
	}
	graph.Prune(g)
	live, err := liveBytes(g)
	return 3*weights + live, err
}

// liveBytes is the most that inputs and computed values take at any node.
func liveBytes(g *graph.Graph) (int, error) {
	last := map[*graph.Value]int{}
	for i, n := range g.Nodes {
		for _, v := range n.Inputs {
			last[v] = i
		}
	}
	for _, v := range g.Outputs {
		last[v] = len(g.Nodes)
	}
	now, most := 0, 0
	size := func(v *graph.Value) (int, error) {
		n, known := v.Shape.Size().Known()
		if !known {
			return 0, fmt.Errorf("%v has no known size", v)
		}
		return n * v.DType.Size(), nil
	}
	for _, v := range g.Inputs {
		n, err := size(v)
		if err != nil {
			return 0, err
		}
		now += n
	}
	freed := map[*graph.Value]bool{}
	for i, n := range g.Nodes {
		for _, v := range n.Outputs {
			if v == nil {
				continue
			}
			n, err := size(v)
			if err != nil {
				return 0, err
			}
			now += n
		}
		most = max(most, now)
		for _, v := range append(n.Inputs, n.Outputs...) {
			if v == nil || v.Producer == nil || last[v] > i || freed[v] {
				continue
			}
			freed[v] = true
			n, _ := size(v)
			now -= n
		}
	}
	return most, nil
}
