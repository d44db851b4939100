package native

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// tangle is a random graph of element-wise operators, reductions, products and views over few inputs, in which values are
// used again at any later place: what chains, shared memory and the order of steps can get wrong.
func tangle(r *rand.Rand) *graph.Graph {
	g := graph.New("tangle")
	const rows, cols = 6, 200
	values := []*graph.Value{g.Input("a", rows, cols), g.Input("b", rows, cols)}
	small := []*graph.Value{g.Input("row", cols), g.Input("column", rows, 1), g.Input("number")}
	w := g.Weight("w", gaussian(r, cols, cols))
	recent := func() *graph.Value { // as a rule one of the last few, so that others die
		if r.IntN(4) == 0 {
			return values[r.IntN(len(values))]
		}
		return values[max(0, len(values)-1-r.IntN(3))]
	}
	other := func() *graph.Value {
		if r.IntN(2) == 0 {
			return small[r.IntN(len(small))]
		}
		return recent()
	}
	for range 4 + r.IntN(30) {
		x := recent()
		var y *graph.Value
		switch r.IntN(15) {
		case 0:
			y = g.Tanh(x)
		case 1:
			y = g.Sigmoid(g.Neg(x))
		case 2, 3:
			y = g.Tanh(g.Add(x, other()))
		case 4:
			y = g.Sub(other(), x)
		case 5:
			y = g.Mul(x, g.Tanh(other()))
		case 6:
			y = g.Where(g.Greater(x, other()), recent(), other())
			y = g.Add(y, x)
		case 7:
			y = g.Mul(x, g.Cast(g.And(g.Less(x, other()), g.Not(g.Greater(recent(), other()))), tensor.Float32))
		case 8:
			y = g.Reshape(g.Abs(g.Reshape(x, g.Int64s(rows*cols))), g.Int64s(rows, cols))
		case 9:
			y = g.Tanh(g.Mul(g.MatMul(x, w), g.Scalar(0.1, x)))
		case 10:
			y = g.Tanh(g.Linear(x, w, small[0]))
		case 11:
			y = g.Mul(x, g.Tanh(g.ReduceSum(g.Mul(x, recent()), true, 1)))
		case 12:
			s := g.ReduceMean(x, true, 1)
			small = append(small, s)
			y = g.Sub(x, s)
		case 13:
			y = g.Add(g.Expand(other(), g.Int64s(rows, cols)), x)
		case 14:
			y = g.Reshape(g.Tanh(g.Reshape(g.Linear(x, w, small[0]), g.Int64s(2, -1, cols))), g.Int64s(rows, cols))
		}
		if r.IntN(3) == 0 {
			y = g.Mul(y, g.Scalar(0.5, y))
		}
		values = append(values, g.Clip(y, -8, 8))
	}
	g.Outputs = append(g.Outputs, values[len(values)-1])
	for range r.IntN(3) {
		g.Outputs = append(g.Outputs, values[r.IntN(len(values))])
	}
	return g
}

func gaussian(r *rand.Rand, shape ...int) *tensor.Tensor {
	t := tensor.New(tensor.Float32, shape...)
	for i := range tensor.Data[float32](t) {
		tensor.Data[float32](t)[i] = float32(r.NormFloat64())
	}
	return t
}

// Fused plans give what every node by itself gives; only sums over a run may differ in the last bit, since chains fold them
// piece by piece. Inputs stay as they were.
func TestFusedIsPlain(t *testing.T) {
	chained, finished := 0, 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 3))
		g := tangle(r)
		if err := g.Err(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		in := []*tensor.Tensor{gaussian(r, 6, 200), gaussian(r, 6, 200), gaussian(r, 200), gaussian(r, 6, 1), gaussian(r)}
		before := ""
		for _, x := range in {
			before += string(x.Bytes())
		}
		var out [2][]*tensor.Tensor
		for i, e := range []runtime.Engine{New(), Plain()} {
			p, err := e.Compile(g, runtime.Options{Threads: 1 + int(seed)%3})
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			out[i] = make([]*tensor.Tensor, len(g.Outputs))
			for range 2 { // the second time into the tensors of the first
				if err := p.Run(context.Background(), in, out[i]); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
			}
			if i == 0 {
				for _, s := range p.(*program).plans[0].steps {
					if s.chain != nil && len(s.nodes) > 1 {
						chained += len(s.nodes)
					}
					if s.chain != nil && s.kernel != nil {
						finished++
					}
				}
			}
			p.Close()
		}
		after := ""
		for _, x := range in {
			after += string(x.Bytes())
		}
		if before != after {
			t.Fatalf("seed %d: an input was written to", seed)
		}
		for i := range g.Outputs {
			a, b := tensor.Data[float32](out[0][i]), tensor.Data[float32](out[1][i])
			for k := range a {
				if d := math.Abs(float64(a[k] - b[k])); !(d <= 2e-5) {
					t.Fatalf("seed %d: output %d, element %d is %v, plain %v\n%s", seed, i, k, a[k], b[k], listing(g))
				}
			}
		}
	}
	if chained < 400 {
		t.Errorf("%d nodes ran in chains", chained)
	}
	if finished < 100 {
		t.Errorf("chains finished %d products", finished)
	}
}

func listing(g *graph.Graph) string {
	s := ""
	for _, n := range g.Nodes {
		s += n.Op
		for _, v := range n.Inputs {
			s += fmt.Sprintf(" %s%v", v.Name, v.Shape)
		}
		s += fmt.Sprintf(" -> %s\n", n.Outputs[0].Name)
	}
	return s + fmt.Sprint("outputs ", g.Outputs)
}
