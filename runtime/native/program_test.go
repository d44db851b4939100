package native

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

func compile(t testing.TB, g *graph.Graph) runtime.Program {
	t.Helper()
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	p, err := New().Compile(g, runtime.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func TestCompileListsEveryOperatorWithoutAKernel(t *testing.T) {
	g := graph.New("bad")
	x := g.Input("x", "n", 3)
	g.Nodes = append(g.Nodes,
		&graph.Node{Op: "LSTM", Name: "memory", Inputs: []*graph.Value{x}, Outputs: []*graph.Value{{Name: "a"}}},
		&graph.Node{Op: "Mystery", Name: "m", Domain: "com.example", Inputs: []*graph.Value{x}, Outputs: []*graph.Value{{Name: "b"}}},
		&graph.Node{Op: "LSTM", Name: "unused", Inputs: []*graph.Value{x}, Outputs: []*graph.Value{{Name: "c"}}})
	g.Outputs = []*graph.Value{g.Nodes[0].Outputs[0], g.Nodes[1].Outputs[0], g.Node("RandomNormalLike", nil, x)}
	_, err := New().Compile(g, runtime.Options{})
	if !errors.Is(err, graph.ErrUnsupported) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{"LSTM", `"memory"`, "Mystery", "com.example", "RandomNormalLike", "lift"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}
	if strings.Contains(err.Error(), "unused") {
		t.Errorf("%q names a node that no output needs", err)
	}
}

func TestAGraphThatIsNotWholeIsAnError(t *testing.T) {
	g := graph.New("torn")
	stray := &graph.Value{Name: "stray", DType: tensor.Float32, Shape: graph.Dims(2)}
	g.Output("y", g.Add(g.Input("x", 2), stray))
	if _, err := New().Compile(g, runtime.Options{}); err == nil || !strings.Contains(err.Error(), "stray") {
		t.Errorf("got %v", err)
	}
}

func TestProviderOtherThanCPUIsUnavailable(t *testing.T) {
	if _, err := New().Compile(graph.New("g"), runtime.Options{Provider: "cuda"}); !errors.Is(err, runtime.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestWrongTensorsAreNamed(t *testing.T) {
	g := graph.New("two")
	a, b := g.Input("a", "batch", 3), g.Input("b", "batch", 3)
	g.Output("sum", g.Add(a, b))
	p := compile(t, g)
	x := tensor.New(tensor.Float32, 2, 3)
	for _, c := range []struct {
		name    string
		in, out []*tensor.Tensor
		want    []string
	}{
		{"too few inputs", []*tensor.Tensor{x}, make([]*tensor.Tensor, 1), []string{"1 inputs"}},
		{"nil input", []*tensor.Tensor{x, nil}, make([]*tensor.Tensor, 1), []string{`"b"`, "nil"}},
		{"type", []*tensor.Tensor{x, tensor.New(tensor.Float64, 2, 3)}, make([]*tensor.Tensor, 1), []string{`"b"`, "float64[2,3]", "float32[batch,3]"}},
		{"rank", []*tensor.Tensor{tensor.New(tensor.Float32, 2), x}, make([]*tensor.Tensor, 1), []string{`"a"`, "float32[2]"}},
		{"extent", []*tensor.Tensor{tensor.New(tensor.Float32, 2, 4), x}, make([]*tensor.Tensor, 1), []string{`"a"`, "float32[2,4]"}},
		{"symbol", []*tensor.Tensor{x, tensor.New(tensor.Float32, 5, 3)}, make([]*tensor.Tensor, 1), []string{`"batch" is 2`, `"a"`, "5", `"b"`}},
		{"no outputs", []*tensor.Tensor{x, x}, nil, []string{"0 outputs"}},
		{"output shape", []*tensor.Tensor{x, x}, []*tensor.Tensor{tensor.New(tensor.Float32, 3, 3)}, []string{`"sum"`, "float32[3,3]", "float32[2,3]"}},
	} {
		err := p.Run(context.Background(), c.in, c.out)
		if !errors.Is(err, runtime.ErrInput) {
			t.Errorf("%s: got %v", c.name, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %s", c.name, err, want)
			}
		}
	}
}

func TestIndexOutsideOfTheDataIsAnError(t *testing.T) {
	g := graph.New("gather")
	x, i := g.Input("x", 3), g.InputOf(tensor.Int64, "i", graph.Dims(1))
	g.Output("y", g.Gather(x, i, 0))
	p := compile(t, g)
	err := p.Run(context.Background(), []*tensor.Tensor{tensor.New(tensor.Float32, 3), idx(3)}, make([]*tensor.Tensor, 1))
	if err == nil || !strings.Contains(err.Error(), "Gather") || !strings.Contains(err.Error(), "index 3") {
		t.Errorf("got %v", err)
	}
}

func TestIndicesLargerThanTheDataAreAnError(t *testing.T) {
	g := graph.New("gather")
	x := g.Input("x", 1, 3)
	g.Output("y", g.Node("GatherElements", graph.Attrs{"axis": int64(1)}, x, g.Const(ints(shape(2, 1), 0, 0))))
	err := compile(t, g).Run(context.Background(), []*tensor.Tensor{tensor.New(tensor.Float32, 1, 3)}, make([]*tensor.Tensor, 1))
	if err == nil || !strings.Contains(err.Error(), "reach out") {
		t.Errorf("got %v", err)
	}
}

func TestShapesAreFoldedWhilePlanning(t *testing.T) {
	g := graph.New("shapes")
	x := g.Input("x", "n", 2)
	flat := g.Reshape(x, g.Concat(0, g.Reshape(g.Size(x), g.Int64s(1))))
	rows := g.Node("NonZero", nil, g.Const(vec(0, 1, 0, 1)))
	g.Output("flat", flat)
	g.Output("shape", g.Shape(x))
	g.Output("rows", rows)
	out := run(t, g, wrap([]float32{1, 2, 3, 4, 5, 6}, shape(3, 2)))
	compare(t, out[0], wrap([]float32{1, 2, 3, 4, 5, 6}, shape(6)))
	compare(t, out[1], idx(3, 2))
	compare(t, out[2], ints(shape(1, 2), 1, 3))
}

// Outputs that are inputs, constants, views, or each other's, all have their own elements.
func TestOutputsThatNothingComputes(t *testing.T) {
	g := graph.New("through")
	x := g.Input("x", 2, 2)
	y := g.Neg(x)
	g.Output("x again", x)
	g.Output("flat", g.Flatten(x, 0))
	g.Output("y", y)
	g.Output("y as a column", g.Reshape(y, g.Int64s(4, 1)))
	g.Output("same", g.Neg(x))
	g.Output("constant", g.Const(vec(7)))
	out := run(t, g, wrap([]float32{1, 2, 3, 4}, shape(2, 2)))
	for i, want := range []*tensor.Tensor{
		wrap([]float32{1, 2, 3, 4}, shape(2, 2)), wrap([]float32{1, 2, 3, 4}, shape(1, 4)), wrap([]float32{-1, -2, -3, -4}, shape(2, 2)),
		wrap([]float32{-1, -2, -3, -4}, shape(4, 1)), wrap([]float32{-1, -2, -3, -4}, shape(2, 2)), vec(7),
	} {
		compare(t, out[i], want)
	}
}

// A caller may ask for the result in the tensor it feeds, though the output is written before the input's last use.
func TestOutputOverAnInput(t *testing.T) {
	g := graph.New("over")
	x := g.Input("x", 3)
	g.Output("first", g.Exp(x))
	g.Output("second", g.Neg(x))
	p := compile(t, g)
	in := wrap([]float32{0, 0, 0}, shape(3))
	out := []*tensor.Tensor{in, tensor.New(tensor.Float32, 3)}
	if err := p.Run(context.Background(), []*tensor.Tensor{in}, out); err != nil {
		t.Fatal(err)
	}
	compare(t, out[0], wrap([]float32{1, 1, 1}, shape(3)))
	compare(t, out[1], wrap([]float32{0, 0, 0}, shape(3)))
}

func TestOutputsInOnePieceOfMemory(t *testing.T) {
	g := graph.New("pair")
	x := g.Input("x", 2)
	g.Output("exp", g.Exp(x))
	g.Output("neg", g.Neg(x))
	p := compile(t, g)
	memory := tensor.New(tensor.Float32, 3, 2)
	row := func(i int) *tensor.Tensor {
		r, err := memory.Rows(i, i+1).Reshape(2)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, c := range []struct {
		name       string
		x, exp, ng int
	}{{"apart", 0, 1, 2}, {"over the input", 1, 0, 1}} {
		copy(tensor.Data[float32](row(c.x)), []float32{0, 0})
		if err := p.Run(context.Background(), []*tensor.Tensor{row(c.x)}, []*tensor.Tensor{row(c.exp), row(c.ng)}); err != nil {
			t.Fatal(err)
		}
		compare(t, row(c.exp), tensor.Vector[float32](1, 1))
		compare(t, row(c.ng), tensor.Vector[float32](0, 0))
	}
}

func TestManyShapesMoreThanPlansAreKept(t *testing.T) {
	g := graph.New("sum")
	g.Output("y", g.ReduceSum(g.Input("x", "n", 2), false))
	p := compile(t, g)
	for range 2 {
		for n := range 2 * maxPlans {
			x := tensor.New(tensor.Float32, n, 2)
			for i := range tensor.Data[float32](x) {
				tensor.Data[float32](x)[i] = 1
			}
			out := make([]*tensor.Tensor, 1)
			if err := p.Run(context.Background(), []*tensor.Tensor{x}, out); err != nil {
				t.Fatal(err)
			}
			if got := tensor.Data[float32](out[0])[0]; got != float32(2*n) {
				t.Fatalf("%d rows: got %v", n, got)
			}
		}
	}
	if n := len(p.(*program).plans); n != maxPlans {
		t.Errorf("%d plans kept", n)
	}
}

func TestRunsAtOnceDoNotMeet(t *testing.T) {
	g := graph.New("busy")
	x := g.Input("x", "n", 64)
	h := g.Tanh(g.MatMul(x, g.Const(filled(0.01, 64, 64))))
	g.Output("y", g.ReduceSum(g.Mul(h, h), false, 1))
	p := compile(t, g)
	want := map[int][]byte{}
	for n := 1; n <= 4; n++ {
		out := make([]*tensor.Tensor, 1)
		if err := p.Run(context.Background(), []*tensor.Tensor{filled(float32(n), n*50, 64)}, out); err != nil {
			t.Fatal(err)
		}
		want[n] = out[0].Bytes()
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 40 {
				n := i%4 + 1
				out := make([]*tensor.Tensor, 1)
				if err := p.Run(context.Background(), []*tensor.Tensor{filled(float32(n), n*50, 64)}, out); err != nil {
					t.Error(err)
				} else if string(out[0].Bytes()) != string(want[n]) {
					t.Error("a run at once with others gives other bits")
				}
			}
		})
	}
	wg.Wait()
}

func filled(v float32, dims ...int) *tensor.Tensor {
	t := tensor.New(tensor.Float32, dims...)
	for i := range tensor.Data[float32](t) {
		tensor.Data[float32](t)[i] = v * float32(i%7-3)
	}
	return t
}

func TestCloseWaitsAndMayBeCalledTwice(t *testing.T) {
	g := graph.New("g")
	g.Output("y", g.Exp(g.Input("x", 3)))
	p := compile(t, g)
	x := []*tensor.Tensor{tensor.New(tensor.Float32, 3)}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				if err := p.Run(context.Background(), x, make([]*tensor.Tensor, 1)); err != nil {
					if !errors.Is(err, runtime.ErrClosed) {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	for range 2 {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
}

func TestCancelledContextStopsARun(t *testing.T) {
	g := graph.New("g")
	g.Output("y", g.Exp(g.Input("x", 3)))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := compile(t, g).Run(ctx, []*tensor.Tensor{tensor.New(tensor.Float32, 3)}, make([]*tensor.Tensor, 1))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A weight changed after compiling is seen by a program compiled after the change.
func TestWeightsAreReadWhenCompiled(t *testing.T) {
	g := graph.New("w")
	w := tensor.Vector[float32](1, 2)
	g.Output("y", g.Mul(g.Input("x", 2), g.Exp(g.Weight("w", w))))
	x := tensor.Vector[float32](1, 1)
	run(t, g, x)
	tensor.Data[float32](w)[0] = 0
	if got := tensor.Data[float32](run(t, g, x)[0])[0]; got != 1 {
		t.Errorf("got %v", got)
	}
}

func TestWeightsAtOddAddressesAreRead(t *testing.T) {
	bytes := make([]byte, 9)
	copy(bytes[1:], tensor.Vector[float32](3, 4).Bytes())
	w, err := tensor.WrapBytes(tensor.Float32, shape(2), bytes[1:])
	if err != nil {
		t.Fatal(err)
	}
	g := graph.New("odd")
	g.Output("y", g.Add(g.Input("x", 2), g.Weight("w", w)))
	compare(t, run(t, g, tensor.Vector[float32](1, 1))[0], tensor.Vector[float32](4, 5))
}
