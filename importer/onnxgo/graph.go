package onnxgo

import (
	"math"

	onnx "github.com/owulveryck/onnx-go"
	gonum "gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/simple"

	"github.com/elbo-ml/elbo/runtime"
)

// Graph is a backend of onnx-go: its decoder builds it, Run computes it. It is for one goroutine at a time.
type Graph struct {
	*simple.WeightedDirectedGraph // what leads where, without operand numbers

	engine    runtime.Engine
	opset     int
	values    []*value // by ID, in the order the decoder makes them
	operators []operator
	compiled  *compiled
}

// operator is a node of the model.
type operator struct {
	onnx.Operation
	outputs []*value
}

// New makes an empty graph that runs on e. opset is the version of ONNX's operators that the model speaks, which onnx-go
// does not hand on; Opset reads it from the model's bytes.
func New(e runtime.Engine, opset int) *Graph {
	return &Graph{WeightedDirectedGraph: simple.NewWeightedDirectedGraph(math.MaxFloat64, -1), engine: e, opset: opset}
}

// NewNode makes a value. IDs count from 0: onnx-go takes the ID of an input for its number.
func (g *Graph) NewNode() gonum.Node { return &value{id: int64(len(g.values)), graph: g} }

// AddNode adds a value that NewNode made.
func (g *Graph) AddNode(n gonum.Node) {
	g.WeightedDirectedGraph.AddNode(n)
	g.values = append(g.values, n.(*value))
}

// NewWeightedEdge is an edge from what an operator makes to its operand number w.
func (g *Graph) NewWeightedEdge(from, to gonum.Node, w float64) gonum.WeightedEdge {
	return edge{from, to, w}
}

// SetWeightedEdge adds an edge. Several may join the same two values: an operator that reads one of them twice.
func (g *Graph) SetWeightedEdge(e gonum.WeightedEdge) {
	from, k := e.From().(*value), int(e.Weight())
	for len(from.operands) <= k {
		from.operands = append(from.operands, nil)
	}
	from.operands[k] = e.To().(*value)
	if e.From() != e.To() {
		g.WeightedDirectedGraph.SetWeightedEdge(e)
	}
}

// ApplyOperation makes outputs, whose edges lead to the operands, the results of an operator. What elbo does not have
// is found by Run, all of it at once.
func (g *Graph) ApplyOperation(o onnx.Operation, outputs ...gonum.Node) error {
	op := operator{Operation: o}
	for _, n := range outputs {
		v := n.(*value)
		v.made = true
		op.outputs = append(op.outputs, v)
	}
	g.operators = append(g.operators, op)
	return nil
}
