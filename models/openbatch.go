package models

import (
	"context"
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/passes"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
)

// openBatch gives a graph that was exported for a fixed number of rows a dynamic batch axis, if all of its shapes follow:
// torch.onnx.export fixes the batch of its example unless dynamic_axes tells otherwise. A graph whose nodes rely on that
// number stays as it is, and so does one that, opened, mixes rows.
func openBatch(g *graph.Graph) *graph.Graph {
	c, replaced := passes.OpenBatch(g)
	if c == nil || replaced && mixesRows(c) != nil {
		return g
	}
	return c
}

// mixesRows runs g on three rows, and on the last of them alone: what comes out for that one must be the same.
func mixesRows(g *graph.Graph) error {
	c := g.Clone()
	graph.LiftNoise(c)
	p, err := native.New().Compile(c, runtime.Options{})
	if err != nil {
		return err
	}
	defer p.Close()
	three, last := make([]*tensor.Tensor, len(c.Inputs)), make([]*tensor.Tensor, len(c.Inputs))
	for i, v := range c.Inputs {
		row, err := rowOf(v, nil)
		if err != nil || v.DType != tensor.Float32 {
			return fmt.Errorf("%v has no rows of a known number of real numbers", v)
		}
		three[i] = tensor.New(tensor.Float32, append([]int{3}, row...)...)
		runtime.Noise{Seed: 1, Stream: uint64(i)}.Uniform(0, tensor.Data[float32](three[i]))
		last[i] = three[i].Rows(2, 3)
	}
	all, alone := make([]*tensor.Tensor, len(c.Outputs)), make([]*tensor.Tensor, len(c.Outputs))
	for _, r := range []struct{ in, out []*tensor.Tensor }{{three, all}, {last, alone}} {
		if err := p.Run(context.Background(), r.in, r.out); err != nil {
			return err
		}
	}
	for i, v := range c.Outputs {
		want := alone[i].Floats()
		for k, x := range all[i].Rows(2, 3).Floats() {
			if !(math.Abs(x-want[k]) <= 1e-3*(1+math.Abs(want[k]))) {
				return fmt.Errorf("a row's %s is %v alone and %v with others beside it", v.Name, want[k], x)
			}
		}
	}
	return nil
}
