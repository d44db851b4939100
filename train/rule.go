package train

import "github.com/elbo-ml/elbo/graph"

// graphRule is an optimiser whose update can be written as nodes: where the weights are on a device, it is computed there.
type graphRule interface {
	Optimizer
	// numbers are what changes in the rule from step to step, as many for each step t, from 1.
	numbers(t int, rate float64) []float64
	// nodes appends the update of weight p by its gradient: the next p and the next of the tensors that State names.
	// numbers are scalars, of p's type as all else.
	nodes(g *graph.Graph, p, gradient *graph.Value, state, numbers []*graph.Value) (next *graph.Value, nextState []*graph.Value)
}

var _ graphRule = Adam{}

func (o Adam) numbers(t int, rate float64) []float64 {
	alpha, scale, keep := o.factors(t, rate)
	return []float64{alpha, scale, keep}
}

// nodes is the rule of fused.Adam and adamRare, in their order of operations.
func (o Adam) nodes(g *graph.Graph, p, gradient *graph.Value, state, numbers []*graph.Value) (*graph.Value, []*graph.Value) {
	b1, b2 := or(o.Beta1, 0.9), or(o.Beta2, 0.999)
	alpha, scale, keep := numbers[0], numbers[1], numbers[2]
	number := func(v float64) *graph.Value { return g.Scalar(v, p) }
	m := g.Add(g.Mul(number(b1), state[0]), g.Mul(number(1-b1), gradient))
	v := g.Add(g.Mul(number(b2), state[1]), g.Mul(g.Mul(number(1-b2), gradient), gradient))
	next := []*graph.Value{m, v}
	largest := v
	if o.AMSGrad {
		largest = g.Max(state[2], v)
		next = append(next, largest)
	}
	by := g.Mul(scale, g.Sqrt(largest))
	if o.epsilon() == 0 { // where m is 0 the weight stays, as it does divided by 1
		by = g.Where(g.Equal(m, number(0)), number(1), by)
	} else {
		by = g.Add(by, number(o.epsilon()))
	}
	return g.Sub(g.Mul(keep, p), g.Div(g.Mul(alpha, m), by)), next
}
