package train

import (
	"errors"
	"fmt"
	"strings"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// ErrNotDifferentiable is wrapped by the error of Gradients about operators without a gradient.
var ErrNotDifferentiable = errors.New("not differentiable")

// Gradients appends to g the nodes that compute d loss / d param for each param and returns the values, in order.
//
// loss is a single number; params are weights or inputs of g. The gradients are ordinary ONNX nodes, so any engine runs
// them. Values in stopped, which nodes of g compute, count as constants: no gradient flows through them. A param that the
// loss does not depend on has a gradient of zeros. One error names every operator on the paths from the params to the loss
// that has no gradient.
func Gradients(g *graph.Graph, loss *graph.Value, params []*graph.Value, stopped ...*graph.Value) ([]*graph.Value, error) {
	if err := g.Err(); err != nil {
		return nil, err
	}
	if n, ok := loss.Shape.Size().Known(); !ok || n != 1 || !loss.DType.IsFloat() {
		return nil, fmt.Errorf("train: gradients: the loss %v is not a single real number", loss)
	}
	for _, p := range params {
		if !p.DType.IsFloat() {
			return nil, fmt.Errorf("train: gradients: %v is not real", p)
		}
	}
	before := len(g.Nodes)
	grads, missing := graph.Pullback(g, map[*graph.Value]*graph.Value{loss: one(g, loss)}, params, stopped)
	if len(missing) > 0 {
		return nil, fmt.Errorf("train: gradients: %w: %s", ErrNotDifferentiable, strings.Join(missing, "; "))
	}
	for i, p := range params {
		if grads[i] == nil {
			grads[i] = g.ZerosLike(p)
		}
	}
	if err := g.Err(); err != nil {
		return nil, fmt.Errorf("train: gradients: %w", err)
	}
	g.Discard(before, grads...)
	return grads, nil
}

// one is d loss / d loss.
func one(g *graph.Graph, loss *graph.Value) *graph.Value {
	shape, _ := loss.Shape.Known()
	t := tensor.New(loss.DType, shape...)
	switch loss.DType {
	case tensor.Float64:
		tensor.Data[float64](t)[0] = 1
	case tensor.Float32:
		tensor.Data[float32](t)[0] = 1
	default:
		g.Fail(fmt.Errorf("a loss of type %v: %w", loss.DType, graph.ErrUnsupported))
	}
	return g.Const(t)
}
