package train

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// ErrNotFinite is wrapped by the error of a run that met NaN or infinity.
var ErrNotFinite = errors.New("not finite")

const remedy = "the weights from before the step are kept: lower the learning rate, clip the gradient, or warm the KL term up"

// blame names the first value of the step that is not finite: data, noise and weights first, then what the graph
// computes of them, in order. It runs the step again with every intermediate value as an output.
func (s *step) blame(ctx context.Context, number int, e runtime.Engine, o runtime.Options) error {
	for i, t := range s.in {
		if v, at, bad := firstBad(t); bad {
			return notFinite(number, fmt.Sprintf("%q", s.graph.Inputs[i].Name), v, at)
		}
	}
	for _, w := range s.graph.Weights {
		if v, at, bad := firstBad(w.Data); bad {
			return notFinite(number, fmt.Sprintf("the frozen weight %q", w.Name), v, at)
		}
	}
	if err := s.blameNode(ctx, number, e, o); err != nil {
		return err
	}
	for i, t := range s.out {
		if v, at, bad := firstBad(t); bad {
			return notFinite(number, s.graph.Outputs[i].Name, v, at)
		}
	}
	return fmt.Errorf("train: step %d: the norm of the gradient is %w: %s", number, ErrNotFinite, remedy)
}

// blameNode is nil when no node's output is at fault, or the graph cannot be run in this form.
func (s *step) blameNode(ctx context.Context, number int, e runtime.Engine, o runtime.Options) error {
	g := s.graph.Clone()
	g.Outputs = nil
	var makers []*graph.Node
	for _, n := range g.Nodes {
		for _, v := range n.Outputs {
			if v != nil && (v.DType == tensor.Float32 || v.DType == tensor.Float64) {
				g.Outputs, makers = append(g.Outputs, v), append(makers, n)
			}
		}
	}
	p, err := e.Compile(g, o)
	if err != nil {
		return nil
	}
	defer p.Close()
	out := make([]*tensor.Tensor, len(g.Outputs))
	if err := p.Run(ctx, s.in, out); err != nil {
		return nil
	}
	for i, t := range out {
		if v, at, bad := firstBad(t); bad {
			return notFinite(number, fmt.Sprintf("%q, which %s computes,", g.Outputs[i].Name, makers[i].Op), v, at)
		}
	}
	return nil
}

func notFinite(step int, what string, v float64, at []int) error {
	return fmt.Errorf("train: step %d: %s is the first to be %w: %v at %v; %s", step, what, ErrNotFinite, v, at, remedy)
}

// firstBad finds the first NaN or infinity and its indices.
func firstBad(t *tensor.Tensor) (v float64, at []int, bad bool) {
	switch t.DType() {
	case tensor.Float32:
		return firstBadOf(tensor.Data[float32](t), t.Shape())
	case tensor.Float64:
		return firstBadOf(tensor.Data[float64](t), t.Shape())
	}
	return 0, nil, false
}

func firstBadOf[T float](data []T, shape tensor.Shape) (float64, []int, bool) {
	for i, v := range data {
		if !finite(float64(v)) {
			at := make([]int, len(shape))
			for axis, stride := range shape.Strides() {
				at[axis] = i / stride % shape[axis]
			}
			return float64(v), at, true
		}
	}
	return 0, nil, false
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
