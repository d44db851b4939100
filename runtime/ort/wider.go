//go:build cgo

package ort

import (
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// inWider are the types in which ONNX Runtime's CPU provider has no kernel for an operator, and wider ones in which it has.
// The results are the same: what is cast back was a number of the narrow type before, or, shifted, keeps its low bits.
var inWider = map[string]map[tensor.DType]tensor.DType{
	"Max":      {tensor.Int16: tensor.Int32, tensor.Uint16: tensor.Int32},
	"Min":      {tensor.Int16: tensor.Int32, tensor.Uint16: tensor.Int32},
	"Where":    {tensor.Int8: tensor.Int32, tensor.Int16: tensor.Int32, tensor.Uint16: tensor.Int32, tensor.Uint32: tensor.Int64},
	"BitShift": {tensor.Uint16: tensor.Uint32},
	// Rounded once from float32, rather than at each step.
	"Range": {tensor.Float16: tensor.Float32, tensor.BFloat16: tensor.Float32},
}

// widened computes a node in the type of inWider.
func widened(g *graph.Graph, n *graph.Node) *graph.Value {
	narrow := n.Outputs[0].DType
	inputs := slices.Clone(n.Inputs)
	for i, x := range inputs {
		if x != nil && x.DType == narrow {
			inputs[i] = g.Cast(x, inWider[n.Op][narrow])
		}
	}
	return g.Cast(g.Node(n.Op, n.Attrs, inputs...), narrow)
}

// wholeExponents are the types of exponents that ONNX Runtime's Pow does not take, and such that it does. Beyond 2^53, where
// a power is 0, infinite or of 1, float64 tells odd ones no longer from even ones.
var wholeExponents = map[tensor.DType]tensor.DType{tensor.Int8: tensor.Int64, tensor.Uint8: tensor.Int64, tensor.Int16: tensor.Int64,
	tensor.Uint16: tensor.Int64, tensor.Uint32: tensor.Int64, tensor.Uint64: tensor.Float64}

func withWideExponent(g *graph.Graph, n *graph.Node) *graph.Value {
	return g.Node("Pow", n.Attrs, n.Inputs[0], g.Cast(n.Inputs[1], wholeExponents[n.Inputs[1].DType]))
}
