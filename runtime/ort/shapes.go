//go:build cgo

package ort

import (
	"encoding/binary"
	"sync"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// maxSignatures bounds the sets of input shapes whose output shapes are remembered.
const maxSignatures = 1024

// shapes tells the output shapes of a graph from its input shapes, by the operator table's own shape rules.
type shapes struct {
	graph *graph.Graph

	mu    sync.Mutex
	known map[string][]tensor.Shape
	key   []byte
}

func newShapes(g *graph.Graph) *shapes {
	return &shapes{graph: g.Clone(), known: map[string][]tensor.Shape{}}
}

// of returns one shape for each output; nil where only running tells.
func (s *shapes) of(in []*tensor.Tensor) []tensor.Shape {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = s.key[:0]
	for _, t := range in {
		for _, d := range t.Shape() {
			s.key = binary.AppendUvarint(s.key, uint64(d))
		}
		s.key = append(s.key, 0xff, 0xff)
	}
	if out, ok := s.known[string(s.key)]; ok {
		return out
	}
	out := s.infer(in)
	if len(s.known) >= maxSignatures {
		clear(s.known)
	}
	s.known[string(s.key)] = out
	return out
}

func (s *shapes) infer(in []*tensor.Tensor) []tensor.Shape {
	c := s.graph.Clone()
	for i, v := range c.Inputs {
		v.Shape = make(graph.Shape, len(in[i].Shape()))
		for k, d := range in[i].Shape() {
			v.Shape[k] = graph.N(d)
		}
	}
	out := make([]tensor.Shape, len(c.Outputs))
	// An operator that elbo cannot infer (ONNX Runtime knows more of them) leaves the shapes to the run.
	if graph.Infer(c) != nil {
		return out
	}
	for i, v := range c.Outputs {
		if shape, ok := v.Shape.Known(); ok {
			out[i] = shape
		}
	}
	return out
}
