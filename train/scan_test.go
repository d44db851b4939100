package train

import (
	"math"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
)

// recurrence is s' = tanh(s W + x) over the rows of x, which also gives s'^2 of each row along axis 1, from the last row back
// where back is 1; and the sum of all that, weighted so that no two of its terms have the same gradient.
func recurrence(steps any, back int64) (g *graph.Graph, loss *graph.Value, params []*graph.Value) {
	g = graph.New("recurrence")
	x := g.InputOf(tensor.Float64, "x", graph.Dims(steps, "batch", 2))
	s, w := g.InputOf(tensor.Float64, "s", graph.Dims("batch", 2)), g.InputOf(tensor.Float64, "w", graph.Dims(2, 2))
	body := graph.New("step")
	state, row := body.InputOf(tensor.Float64, "state", s.Shape), body.InputOf(tensor.Float64, "row", x.Shape[1:])
	next := body.Tanh(body.Add(body.MatMul(state, body.Reads(w)), row))
	body.Output("next", next)
	body.Output("square", body.Mul(next, next))
	body.Output("again", next)
	g.Fail(body.Err())
	ys := g.NodeN("Scan", 3, graph.Attrs{"body": body, "num_scan_inputs": int64(1), "scan_input_directions": []int64{back},
		"scan_output_axes": []int64{1, -3}, "scan_output_directions": []int64{1 - back, 0}}, s, x, w)
	sum := func(v *graph.Value, by float64) *graph.Value {
		return g.ReduceSum(g.Mul(g.Sin(g.Mul(v, g.Scalar(by, v))), v), false)
	}
	loss = g.Add(g.Add(sum(ys[0], 1.5), sum(ys[1], 0.7)), sum(ys[2], 0.3))
	return g, loss, []*graph.Value{x, s, w}
}

func TestScanGradientsAgainstDifferences(t *testing.T) {
	for _, c := range []struct {
		steps any
		n     int
		back  int64
	}{{"n", 1, 0}, {"n", 5, 0}, {"n", 5, 1}, {4, 4, 0}} {
		g, loss, params := recurrence(c.steps, c.back)
		grads, err := Gradients(g, loss, params)
		if err != nil {
			t.Fatal(err)
		}
		g.Output("loss", loss)
		for i, d := range grads {
			g.Output("d"+params[i].Name, d)
		}
		if err := graph.Verify(g); err != nil {
			t.Fatal(err)
		}
		in := []*tensor.Tensor{tensor.New(tensor.Float64, c.n, 3, 2), tensor.New(tensor.Float64, 3, 2), tensor.New(tensor.Float64, 2, 2)}
		for i, x := range in {
			for k := range tensor.Data[float64](x) {
				tensor.Data[float64](x)[k] = math.Sin(float64(7*k + 3*i + 1))
			}
		}
		p, err := native.New().Compile(g, runtime.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		value := func() []*tensor.Tensor {
			out := make([]*tensor.Tensor, len(g.Outputs))
			if err := p.Run(t.Context(), in, out); err != nil {
				t.Fatal(err)
			}
			return out
		}
		got := value()
		for i, x := range in {
			data := tensor.Data[float64](x)
			for k := range data {
				const h = 1e-5
				kept := data[k]
				data[k] = kept + h
				up := value()[0].Floats()[0]
				data[k] = kept - h
				down := value()[0].Floats()[0]
				data[k] = kept
				want := (up - down) / (2 * h)
				if d := got[1+i].Floats()[k]; math.Abs(d-want) > 1e-7*(1+math.Abs(want)) {
					t.Errorf("%d steps, back %d: d loss / d %s[%d] is %v, differences give %v", c.n, c.back, params[i].Name, k, d, want)
				}
			}
		}
	}
}
