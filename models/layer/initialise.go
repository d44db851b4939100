package layer

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// Initialise sets gain and bias of each of the layers so that its outputs have mean 0 and variance 1 over a minibatch
// (Salimans and Kingma, 2016, section 3), one layer after the other in the order of the graph, since each sees what those
// before it give. g is the graph that the layers are used in, and in holds its inputs. A layer that is used several times goes
// by its first use, and an output that does not vary over the minibatch keeps its gain.
func Initialise(ctx context.Context, e runtime.Engine, o runtime.Options, g *graph.Graph, in []*tensor.Tensor, layers []Normalised) error {
	done := make([]bool, len(layers))
	for _, n := range slices.Clone(g.Nodes) {
		i := slices.IndexFunc(layers, func(l Normalised) bool {
			return slices.ContainsFunc(n.Inputs, func(v *graph.Value) bool { return v != nil && v.Data == l.Bias })
		})
		if i < 0 || done[i] {
			continue
		}
		y, err := one(ctx, e, o, g, n.Outputs[0], in)
		if err != nil {
			return fmt.Errorf("layer: initialise %s: %w", n.Name, err)
		}
		layers[i].standardise(y)
		done[i] = true
	}
	return nil
}

// one is the value v of the graph.
func one(ctx context.Context, e runtime.Engine, o runtime.Options, g *graph.Graph, v *graph.Value, in []*tensor.Tensor) (*tensor.Tensor, error) {
	c, at := g.CloneMap()
	c.Outputs = []*graph.Value{at[v]}
	graph.Prune(c)
	p, err := e.Compile(c, o)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	out := make([]*tensor.Tensor, 1)
	err = p.Run(ctx, in, out)
	return out[0], err
}

// standardise divides the outputs y [batch, outputs, ...] by their standard deviation and takes away their mean.
func (l Normalised) standardise(y *tensor.Tensor) {
	all, outputs := y.Floats(), y.Shape()[1]
	inner := tensor.Shape(y.Shape()[2:]).Size()
	column := make([]float64, 0, len(all)/outputs)
	for c := range outputs {
		column = column[:0]
		for lo := c * inner; lo < len(all); lo += outputs * inner {
			column = append(column, all[lo:lo+inner]...)
		}
		mean, deviation := stat.PopMeanStdDev(column, nil)
		if !(deviation > 1e-6) || math.IsInf(deviation, 0) {
			continue
		}
		set(l.Gain, c, l.Gain.Floats()[c]/deviation)
		set(l.Bias, c, (l.Bias.Floats()[c]-mean)/deviation)
	}
}
