package native

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// doubling is a Loop that doubles x until it passes limit, and stacks what it saw: of most iterations, fed.
func doubling(t *testing.T) *graph.Graph {
	t.Helper()
	g := graph.New("doubling")
	most, limit, x := g.InputOf(tensor.Int64, "most", graph.Shape{}), g.Input("limit"), g.Input("x", "n")
	body := graph.New("body")
	body.InputOf(tensor.Int64, "i", graph.Shape{})
	body.InputOf(tensor.Bool, "going", graph.Shape{})
	s := body.Input("s", "n")
	next := body.Add(s, s)
	largest := body.Node("ReduceMax", graph.Attrs{"keepdims": int64(0)}, next)
	body.Output("again", body.Less(largest, body.Reads(limit)))
	body.Output("next", next)
	body.Output("seen", next)
	ys := g.NodeN("Loop", 2, graph.Attrs{"body": body}, most, nil, x, limit)
	g.Output("last", ys[0])
	g.Output("all", ys[1])
	if err := errors.Join(body.Err(), g.Err()); err != nil {
		t.Fatal(err)
	}
	return g
}

func f32(shape []int, v ...float64) *tensor.Tensor { return as(reals(shape, v...), tensor.Float32) }

func TestLoopRunsAsOftenAsTheDataSay(t *testing.T) {
	g := doubling(t)
	for _, e := range []runtime.Engine{New(), Plain()} {
		p, err := e.Compile(g, runtime.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			most        int64
			limit       float64
			x           []float64
			last, all   []float64
			rows        int
			description string
		}{
			{10, 10, []float64{1, 3}, []float64{4, 12}, []float64{2, 6, 4, 12}, 2, "the condition ends it"},
			{1, 10, []float64{1, 3}, []float64{2, 6}, []float64{2, 6}, 1, "the count ends it"},
			{0, 10, []float64{1, 3}, []float64{1, 3}, nil, 0, "it does not run"},
			{3, 1e9, []float64{1}, []float64{8}, []float64{2, 4, 8}, 3, "another width"},
		} {
			out := make([]*tensor.Tensor, 2)
			in := []*tensor.Tensor{tensor.Scalar(c.most), f32([]int{}, c.limit), f32([]int{len(c.x)}, c.x...)}
			if err := p.Run(t.Context(), in, out); err != nil {
				t.Fatalf("%s: %v", c.description, err)
			}
			compare(t, out[0], f32([]int{len(c.x)}, c.last...))
			if c.rows > 0 {
				compare(t, out[1], f32([]int{c.rows, len(c.x)}, c.all...))
			} else if out[1].Len() != 0 {
				t.Errorf("%s: %v is stacked", c.description, out[1])
			}
		}
	}
}

func TestLoopWithoutEndStopsWithItsContext(t *testing.T) {
	g := doubling(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	p := compile(t, g)
	in := []*tensor.Tensor{tensor.Scalar(int64(1) << 40), f32([]int{}, 1), f32([]int{1}, 0)}
	if err := p.Run(ctx, in, make([]*tensor.Tensor, 2)); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// cumulative is a Scan that sums the rows of x, from the last back, and counts the columns read along axis 1.
func cumulative(rows any) *graph.Graph {
	g := graph.New("cumulative")
	x := g.Input("x", rows, 2)
	body := graph.New("body")
	s, row := body.Input("s", 2), body.Input("row", 2)
	next := body.Add(s, row)
	body.Output("next", next)
	body.Output("seen", body.Mul(next, body.Scalar(10, next)))
	ys := g.NodeN("Scan", 2, graph.Attrs{"body": body, "num_scan_inputs": int64(1), "scan_input_directions": []int64{1},
		"scan_output_directions": []int64{1}, "scan_output_axes": []int64{1}}, g.Const(f32([]int{2}, 0, 0)), x)
	g.Output("sum", ys[0])
	g.Output("sums", ys[1])
	g.Fail(body.Err())
	return g
}

func TestScanSumsBackwards(t *testing.T) {
	for _, rows := range []any{"n", 3} {
		g := cumulative(rows)
		out := run(t, g, f32([]int{3, 2}, 1, 2, 3, 4, 5, 6))
		compare(t, out[0], f32([]int{2}, 9, 12))
		compare(t, out[1], f32([]int{2, 3}, 90, 80, 50, 120, 100, 60))
	}
	long := tensor.New(tensor.Float32, 2000, 2) // more steps than are written out
	for i := range tensor.Data[float32](long) {
		tensor.Data[float32](long)[i] = 1
	}
	out := run(t, cumulative("n"), long)
	compare(t, out[0], f32([]int{2}, 2000, 2000))
	if y := out[1].Floats(); y[0] != 20000 || y[1999] != 10 {
		t.Errorf("the first sum is %v, the last %v", y[0], y[1999])
	}
}

// A Scan of known length is a plan like any other: it allocates nothing.
func TestScanOfAKnownLengthIsPlanned(t *testing.T) {
	p := compile(t, cumulative("n"))
	in := []*tensor.Tensor{f32([]int{3, 2}, 1, 2, 3, 4, 5, 6)}
	out := make([]*tensor.Tensor, 2)
	if n := testing.AllocsPerRun(20, func() {
		if err := p.Run(context.Background(), in, out); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per run", n)
	}
}

func TestIfTakesItsBranch(t *testing.T) {
	g := graph.New("if")
	yes, x := g.InputOf(tensor.Bool, "yes", graph.Shape{}), g.Input("x", "n")
	then, otherwise := graph.New("then"), graph.New("else")
	then.Output("h", then.Exp(then.Reads(x)))
	otherwise.Output("k", otherwise.Node("Concat", graph.Attrs{"axis": int64(0)}, otherwise.Reads(x), otherwise.Const(f32([]int{1}, 7))))
	g.Output("y", g.Neg(g.Node("If", graph.Attrs{"then_branch": then, "else_branch": otherwise}, yes, x, x)))
	compare(t, run(t, g, tensor.Scalar(true), f32([]int{2}, 0, 0))[0], f32([]int{2}, -1, -1))
	compare(t, run(t, g, tensor.Scalar(false), f32([]int{2}, 1, 2))[0], f32([]int{3}, -1, -2, -7))
}

func TestBodiesNameWhatTheyLack(t *testing.T) {
	g := graph.New("if")
	yes := g.InputOf(tensor.Bool, "yes", graph.Shape{})
	noise := graph.New("noise")
	noise.Output("h", noise.Node("RandomNormal", graph.Attrs{"shape": []int64{2}}))
	g.Output("y", g.Node("If", graph.Attrs{"then_branch": noise, "else_branch": noise}, yes))
	_, err := New().Compile(g, runtime.Options{})
	if !errors.Is(err, graph.ErrUnsupported) || !strings.Contains(err.Error(), "its body runs RandomNormal") {
		t.Error(err)
	}
}
