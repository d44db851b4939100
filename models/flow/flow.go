// Package flow holds the steps of normalizing flows: invertible maps of a latent variable whose volume change is known, so
// that a simple density becomes a rich one (Rezende and Mohamed, 2015; chapter 5 of the thesis).
//
//	z_t = f_t(z_{t-1}, h),  log q(z_T) = log q(z_0) - sum_t log |det dz_t/dz_{t-1}|
//
// A step adds ordinary ONNX nodes to a graph, and weights under its name. h is a context: what the encoder tells every step
// about x.
package flow

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
)

// Flow is one step.
type Flow interface {
	// Apply maps z [batch, n] to z1 [batch, n] and gives log |det dz1/dz| [batch]. The weights are called name/...; applied
	// again in the same graph under the same name, the step is the same. context is [batch, features], or nil.
	Apply(g *graph.Graph, name string, z, context *graph.Value) (z1, logdet *graph.Value)
}

// Inverter is a step that runs backwards, too: Invert takes z1 to z. That of an autoregressive step is as many passes as z
// has units; that of a coupling is one.
type Inverter interface {
	Flow
	Invert(g *graph.Graph, name string, z1, context *graph.Value) *graph.Value
}

// units is the number of units of z [batch, n]; without one the graph fails.
func units(g *graph.Graph, what string, z *graph.Value) int {
	if len(z.Shape) == 2 {
		if n, ok := z.Shape[1].Known(); ok && n > 0 {
			return n
		}
	}
	g.Fail(fmt.Errorf("flow: %s: z %v is not [batch, units] with the number of units known", what, z))
	return 1
}

// reversed turns the order of the units round, if asked to.
func reversed(g *graph.Graph, z *graph.Value, yes bool) *graph.Value {
	if !yes {
		return z
	}
	n := units(g, "reverse", z)
	order := make([]int, n)
	for i := range order {
		order[i] = n - 1 - i
	}
	return g.Gather(z, g.Int64s(order...), 1)
}

// sum adds up over the units: [batch, n] to [batch].
func sum(g *graph.Graph, x *graph.Value) *graph.Value { return g.ReduceSum(x, false, 1) }

// activate is ELU, as the thesis has it in its flows.
func activate(g *graph.Graph, x *graph.Value) *graph.Value { return g.Elu(x, 1) }
