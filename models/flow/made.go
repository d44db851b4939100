package flow

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models/layer"
	"github.com/elbo-ml/elbo/tensor"
)

// Autoregressive is a network of z [batch, n] and a context whose outputs, [batch, n] each, are autoregressive: unit i of
// each depends on z_1..z_{i-1} and on the context, and on nothing else.
type Autoregressive interface {
	Predict(g *graph.Graph, name string, z, context *graph.Value, outputs ...string) []*graph.Value
}

// MADE is a dense network made autoregressive by masks (Germain et al., 2015). A hidden unit of degree d sees the inputs
// 1..d and the hidden units of degree d and below; output i sees the hidden units of degree below i. Degrees run from 0 to
// n-1 evenly: units of degree 0 see the context alone. The masks are constants of the graph, so that training keeps what
// they hide hidden.
type MADE struct {
	// Hidden are the units of the hidden layers; nil means two of 320.
	Hidden []int
	// Layers makes the layers; nil makes plain ones.
	Layers *layer.Builder
}

// Predict gives the outputs of the given names. They start at about a tenth of what their inputs are.
func (m MADE) Predict(g *graph.Graph, name string, z, context *graph.Value, outputs ...string) []*graph.Value {
	hidden := m.Hidden
	if hidden == nil {
		hidden = []int{320, 320}
	}
	n := units(g, "MADE", z)
	h, seen := z, degrees(1, n, n)
	for i, width := range hidden {
		next, layerName := degrees(0, n-1, width), fmt.Sprintf("%s/fc%d", name, i+1)
		h = m.Layers.Masked(g, layerName, h, visible(g, seen, next, false, z.DType), width, max(1, len(seen)/2))
		if i == 0 && context != nil {
			h = g.Add(h, m.Layers.Dense(g, name+"/context", context, width))
		}
		h, seen = activate(g, h), next
	}
	out := make([]*graph.Value, len(outputs))
	for i, output := range outputs {
		mask := visible(g, seen, degrees(1, n, n), true, z.DType)
		out[i] = plain.Masked(g, name+"/"+output, h, mask, n, tenth*max(1, len(seen)/2))
	}
	return out
}

// plain makes the output layers, which are never normalised: they start small, and their scale is what is predicted.
var plain *layer.Builder

// tenth is what the fan-in of an output layer is multiplied by so that its weights, of variance 1/fan-in, start a tenth as
// large.
const tenth = 100

// degrees are n numbers spread evenly over lo to hi.
func degrees(lo, hi, n int) []int {
	d := make([]int, n)
	for i := range d {
		d[i] = lo + i*(hi-lo+1)/n
	}
	return d
}

// visible is the mask [len(to), len(from)] with 1 where a unit of degree to sees one of degree from: no larger, or, when
// strict, below. It is computed from the degrees in the graph, which is small in a file; engines compute it once.
func visible(g *graph.Graph, from, to []int, strict bool, dtype tensor.DType) *graph.Value {
	a := g.Const(column(from, 1, len(from)))
	b := g.Const(column(to, len(to), 1))
	if strict {
		return g.Cast(g.Less(a, b), dtype)
	}
	return g.Cast(g.LessOrEqual(a, b), dtype)
}

func column(v []int, shape ...int) *tensor.Tensor {
	t := tensor.New(tensor.Int64, shape...)
	for i, x := range v {
		tensor.Data[int64](t)[i] = int64(x)
	}
	return t
}
