//go:build cgo

package ort

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// open is the engine, or the end of the test with the reason why there is none.
func open(t testing.TB) runtime.Engine {
	t.Helper()
	e, err := Open(Config{})
	if err != nil {
		t.Skip(err)
	}
	return e
}

func build(t testing.TB, g *graph.Graph, o runtime.Options) runtime.Program {
	t.Helper()
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	p, err := open(t).Compile(g, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// affine is y = scale*x + 1 with a scalar input, and sum, its scalar total.
func affine() *graph.Graph {
	g := graph.New("affine")
	x, scale := g.Input("x", "batch", 3), g.Input("scale")
	y := g.Add(g.Mul(x, scale), g.Scalar(1, x))
	g.Output("y", y)
	g.Output("sum", g.ReduceSum(y, false))
	return g
}

func wrap(t testing.TB, data []float32, shape ...int) *tensor.Tensor {
	t.Helper()
	x, err := tensor.Wrap(data, shape...)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestRun(t *testing.T) {
	p := build(t, affine(), runtime.Options{})
	x := wrap(t, []float32{1, 2, 3, 4, 5, 6}, 2, 3)
	out := make([]*tensor.Tensor, 2)
	if err := p.Run(context.Background(), []*tensor.Tensor{x, tensor.Scalar(float32(10))}, out); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(out[0], out[0].Floats()); got != "float32[2,3] [11 21 31 41 51 61]" {
		t.Errorf("y = %s", got)
	}
	if got := fmt.Sprint(out[1], out[1].Floats()); got != "float32[] [216]" {
		t.Errorf("sum = %s", got)
	}
	// The same tensors again, and again after a change in place: what is kept between runs must see new contents.
	for range 3 {
		tensor.Data[float32](x)[0]++
		if err := p.Run(context.Background(), []*tensor.Tensor{x, tensor.Scalar(float32(1))}, out); err != nil {
			t.Fatal(err)
		}
	}
	if got := fmt.Sprint(out[0].Floats(), out[1].Floats()); got != "[5 3 4 5 6 7] [30]" {
		t.Errorf("after changes in place: %s", got)
	}
}

// An empty batch is data like any other.
func TestRunOnNoRows(t *testing.T) {
	p := build(t, affine(), runtime.Options{})
	out := make([]*tensor.Tensor, 2)
	if err := p.Run(context.Background(), []*tensor.Tensor{tensor.New(tensor.Float32, 0, 3), tensor.Scalar(float32(2))}, out); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(out[0], out[1].Floats()); got != "float32[0,3] [0]" {
		t.Errorf("outputs %s", got)
	}
}

// Outputs that no node computes alone, at which ONNX Runtime would not write.
func TestRunWritesEveryOutput(t *testing.T) {
	g := graph.New("outputs")
	x, scalar := g.Input("x", "batch", 2), g.Input("scalar")
	y := g.Neg(x)
	g.Outputs = []*graph.Value{x, y, y, x, scalar, scalar, g.Weight("w", tensor.Vector[float32](7)), g.Int64s(1, 2), g.Reshape(x, g.Int64s(-1))}
	out := make([]*tensor.Tensor, len(g.Outputs))
	in := []*tensor.Tensor{wrap(t, []float32{3, 4}, 1, 2), tensor.Scalar(float32(5))}
	if err := build(t, g, runtime.Options{}).Run(context.Background(), in, out); err != nil {
		t.Fatal(err)
	}
	var got []any
	for _, o := range out {
		got = append(got, o.Floats())
	}
	if got := fmt.Sprint(got...); got != "[3 4] [-3 -4] [-3 -4] [3 4] [5] [5] [7] [1 2] [3 4]" {
		t.Errorf("outputs %s", got)
	}
}

func TestRunWithoutInputs(t *testing.T) {
	g := graph.New("constant")
	g.Output("y", g.Neg(g.Weight("w", tensor.Vector[float32](1, 2))))
	out := make([]*tensor.Tensor, 1)
	if err := build(t, g, runtime.Options{}).Run(context.Background(), nil, out); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(out[0].Floats()); got != "[-1 -2]" {
		t.Errorf("y = %s", got)
	}
	if _, err := open(t).Compile(graph.New("nothing"), runtime.Options{}); err == nil {
		t.Error("a graph without outputs compiled")
	}
}

// The number of rows of this output depends on the data, so ONNX Runtime allocates it.
func TestRunWithAShapeThatOnlyTheRunTells(t *testing.T) {
	g := graph.New("nonzero")
	g.Output("y", g.Node("NonZero", nil, g.Input("x", "n")))
	p := build(t, g, runtime.Options{})
	for _, c := range []struct {
		x    []float32
		want string
	}{{[]float32{0, 1, 0, 2}, "int64[1,2] [1 3]"}, {[]float32{5}, "int64[1,1] [0]"}, {[]float32{0, 0}, "int64[1,0] []"}} {
		out := make([]*tensor.Tensor, 1)
		if err := p.Run(context.Background(), []*tensor.Tensor{tensor.Vector(c.x...)}, out); err != nil {
			t.Errorf("%v: %v", c.x, err)
			continue
		}
		if got := fmt.Sprint(out[0], out[0].Floats()); got != c.want {
			t.Errorf("%v: %s, want %s", c.x, got, c.want)
		}
	}
}

func TestRunKeepsTypes(t *testing.T) {
	for _, dtype := range []tensor.DType{tensor.Float32, tensor.Float64, tensor.Float16, tensor.Int64, tensor.Int32, tensor.Bool, tensor.Uint8} {
		for _, shape := range [][]int{{}, {2}, {1, 2}} {
			g := graph.New("identity")
			dims := make([]any, len(shape))
			for i, d := range shape {
				dims[i] = d
			}
			g.Output("y", g.Node("Identity", nil, g.InputOf(dtype, "x", graph.Dims(dims...))))
			p := build(t, g, runtime.Options{})
			x := tensor.New(dtype, shape...)
			for i := range x.Bytes() {
				x.Bytes()[i] = 1
			}
			out := make([]*tensor.Tensor, 1)
			if err := p.Run(context.Background(), []*tensor.Tensor{x}, out); err != nil {
				t.Errorf("%v: %v", x, err)
				continue
			}
			if out[0].String() != x.String() || string(out[0].Bytes()) != string(x.Bytes()) {
				t.Errorf("%v came back as %v % x", x, out[0], out[0].Bytes())
			}
		}
	}
}

func TestRunRefusesWhatDoesNotFit(t *testing.T) {
	p := build(t, affine(), runtime.Options{})
	x, s := tensor.New(tensor.Float32, 2, 3), tensor.Scalar(float32(1))
	for _, c := range []struct {
		name    string
		in, out []*tensor.Tensor
		want    string
	}{
		{"too few inputs", []*tensor.Tensor{x}, make([]*tensor.Tensor, 2), "1 inputs given"},
		{"a nil input", []*tensor.Tensor{x, nil}, make([]*tensor.Tensor, 2), `"scale" is nil`},
		{"the wrong type", []*tensor.Tensor{tensor.New(tensor.Float64, 2, 3), s}, make([]*tensor.Tensor, 2), `"x" is float64[2,3]`},
		{"the wrong width", []*tensor.Tensor{tensor.New(tensor.Float32, 2, 4), s}, make([]*tensor.Tensor, 2), `"x" is float32[2,4]`},
		{"the wrong rank", []*tensor.Tensor{tensor.New(tensor.Float32, 6), s}, make([]*tensor.Tensor, 2), `"x" is float32[6]`},
		{"too few outputs", []*tensor.Tensor{x, s}, make([]*tensor.Tensor, 1), "1 outputs given"},
		{"an output too small", []*tensor.Tensor{x, s}, []*tensor.Tensor{tensor.New(tensor.Float32, 1, 3), nil}, `"y" is float32[1,3]`},
		{"an output of the wrong type", []*tensor.Tensor{x, s}, []*tensor.Tensor{nil, tensor.Scalar(int64(0))}, `"sum" is int64[]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := p.Run(context.Background(), c.in, c.out)
			if !errors.Is(err, runtime.ErrInput) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), `"affine"`) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestConcurrentRunsAndClose(t *testing.T) {
	p, err := open(t).Compile(affine(), runtime.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for n := range 50 {
				x := tensor.New(tensor.Float32, n%4+1, 3)
				out := make([]*tensor.Tensor, 2)
				if err := p.Run(context.Background(), []*tensor.Tensor{x, tensor.Scalar(float32(i))}, out); err != nil {
					t.Error(err)
					return
				}
				if got, want := out[1].Floats()[0], float64(x.Len()); got != want {
					t.Errorf("sum %v, want %v", got, want)
				}
			}
		}()
	}
	wg.Wait()
	// Close races with runs: each of them either works or says that the program is closed.
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 50 {
				err := p.Run(context.Background(), []*tensor.Tensor{tensor.New(tensor.Float32, 1, 3), tensor.Scalar(float32(0))}, make([]*tensor.Tensor, 2))
				if err != nil && !errors.Is(err, runtime.ErrClosed) {
					t.Error(err)
				}
			}
		}()
	}
	for range 2 {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
	if err := p.Run(context.Background(), nil, nil); !errors.Is(err, runtime.ErrClosed) {
		t.Errorf("run after close: %v", err)
	}
}

// A long run ends soon after its context, and the program is as good as before.
func TestRunStopsWithItsContext(t *testing.T) {
	g := graph.New("long")
	x := g.Input("x", 1024, 1024)
	y := x
	for range 400 {
		y = g.Tanh(g.MatMul(y, x))
	}
	g.Output("y", y)
	p := build(t, g, runtime.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	in := []*tensor.Tensor{tensor.New(tensor.Float32, 1024, 1024)}
	done := make(chan error)
	go func() { done <- p.Run(ctx, in, make([]*tensor.Tensor, 1)) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	short := build(t, affine(), runtime.Options{})
	for range 3 {
		// The workspace whose run was stopped must not stop the next one.
		ctx, cancel := context.WithCancel(context.Background())
		err := short.Run(ctx, []*tensor.Tensor{tensor.New(tensor.Float32, 1, 3), tensor.Scalar(float32(1))}, make([]*tensor.Tensor, 2))
		cancel()
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestProviders(t *testing.T) {
	e := open(t)
	if _, err := e.Compile(affine(), runtime.Options{Provider: "abacus"}); !errors.Is(err, runtime.ErrUnavailable) {
		t.Errorf("an unknown provider: %v", err)
	}
	for _, r := range Status().Providers {
		_, err := e.Compile(affine(), runtime.Options{Provider: r.Name})
		if (err == nil) != (r.Problem == "") {
			t.Errorf("%s: status says %q, compile %v", r.Name, r.Problem, err)
		}
		if err != nil && (!errors.Is(err, runtime.ErrUnavailable) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: %v", r.Name, err)
		}
	}
	p := build(t, affine(), runtime.Options{Provider: "auto"})
	if got := p.(*program).Provider(); got == "" || got == "auto" {
		t.Errorf("auto chose %q", got)
	}
}

func TestOneLibraryAProcess(t *testing.T) {
	open(t)
	if _, err := Open(Config{Library: "/nowhere/libonnxruntime.so"}); !errors.Is(err, runtime.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
	if r := Status(); r.Library == "" || r.Version == "" || r.Providers[0] != (ProviderReport{Name: "cpu"}) {
		t.Errorf("status %+v", r)
	}
}

func TestOptimisedGraphSeesMathAsItIs(t *testing.T) {
	g := graph.New("nan")
	x := g.Input("x", 2)
	g.Output("y", g.Log(x))
	out := make([]*tensor.Tensor, 1)
	if err := build(t, g, runtime.Options{}).Run(context.Background(), []*tensor.Tensor{wrap(t, []float32{-1, 0}, 2)}, out); err != nil {
		t.Fatal(err)
	}
	if y := out[0].Floats(); !math.IsNaN(y[0]) || !math.IsInf(y[1], -1) {
		t.Errorf("log(-1), log(0) = %v", y)
	}
}
