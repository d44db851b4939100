package onnxgo

import (
	"fmt"

	gonum "gonum.org/v1/gonum/graph"
	gorgonia "gorgonia.org/tensor"
)

// value is a tensor of the model and a node of onnx-go's graph, where it is a Namer and a DataCarrier.
type value struct {
	id       int64
	name     string
	graph    *Graph
	tensor   gorgonia.Tensor
	operands []*value // of the operator that makes it, by number
	made     bool     // by an operator
	declared bool     // by the model, with its type
	fed      bool     // by the user
}

func (v *value) ID() int64                  { return v.id }
func (v *value) SetName(name string)        { v.name = name }
func (v *value) GetName() string            { return v.name }
func (v *value) GetTensor() gorgonia.Tensor { return v.tensor }

// SetTensor sets the value. Before the first operator it is the decoder that declares a type or brings an initializer,
// afterwards the user who feeds an input.
func (v *value) SetTensor(t gorgonia.Tensor) error {
	if t == nil {
		return fmt.Errorf("onnxgo: set %q: the tensor is nil", v.name)
	}
	v.tensor, v.declared = t, true
	v.fed = v.fed || len(v.graph.operators) > 0
	return nil
}

// edge leads from what an operator makes to its operand of that number.
type edge struct {
	from, to gonum.Node
	operand  float64
}

func (e edge) From() gonum.Node         { return e.from }
func (e edge) To() gonum.Node           { return e.to }
func (e edge) Weight() float64          { return e.operand }
func (e edge) ReversedEdge() gonum.Edge { return edge{e.to, e.from, e.operand} }
