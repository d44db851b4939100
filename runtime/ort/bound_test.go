//go:build cgo

package ort

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// Each function is at the place where the header of ONNX Runtime's C API has it.
func TestPlacesInTheTable(t *testing.T) {
	modules, err := moduleCache()
	if err != nil {
		t.Skip(err)
	}
	found, _ := filepath.Glob(filepath.Join(modules, filepath.FromSlash(bindingModule)+"@*", "onnxruntime_c_api.h"))
	if len(found) == 0 {
		t.Skip("onnxruntime_go's header is not in the module cache")
	}
	text, err := os.ReadFile(found[len(found)-1])
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(regexp.MustCompile(`//[^\n]*|(?s:/\*.*?\*/)`).ReplaceAllString(string(text), ""), "struct OrtApi {")
	body, _, _ = strings.Cut(body, "\n};")
	entry := regexp.MustCompile(`ORT_API2_STATUS\((\w+)|ORT_API_T\([^,]*,\s*(\w+)|ORT_CLASS_RELEASE2?\((\w+)|ORT_API_CALL\*\s*(\w+)\)`)
	at := map[string]int{}
	for i, m := range entry.FindAllStringSubmatch(body, -1) {
		name := m[1] + m[2] + m[4]
		if m[3] != "" {
			name = "Release" + m[3]
		}
		at[name] = i
	}
	for name, place := range places {
		if got, ok := at[name]; !ok || got != place {
			t.Errorf("%s is at %d (found: %v), not at %d", name, got, ok, place)
		}
	}
}

func bindTo(t testing.TB, p runtime.Program, in, out []*tensor.Tensor) runtime.Bound {
	t.Helper()
	b, err := runtime.Bind(p, in, out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// A bound run sees what is in its tensors when it is called, with or without a context that ends, and allocates nothing.
func TestBoundRun(t *testing.T) {
	p := build(t, affine(), runtime.Options{Threads: 1})
	x, scale := wrap(t, []float32{1, 2, 3}, 1, 3), tensor.Scalar(float32(10))
	y, sum := tensor.New(tensor.Float32, 1, 3), tensor.New(tensor.Float32)
	b := bindTo(t, p, []*tensor.Tensor{x, scale}, []*tensor.Tensor{y, sum})
	ctx, cancel := context.WithCancel(context.Background())
	for i, c := range []context.Context{context.Background(), ctx, ctx, context.Background()} {
		tensor.Data[float32](x)[0] = float32(i)
		if err := b.Run(c); err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(y.Floats(), sum.Floats()), fmt.Sprintf("[%d 21 31] [%d]", 10*i+1, 10*i+53); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if n := testing.AllocsPerRun(100, func() { b.Run(ctx) }); n != 0 {
		t.Errorf("%v allocations a run", n)
	}
	cancel()
	if err := b.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a run under a context that has ended: %v", err)
	}
	if err := b.Run(context.Background()); err != nil {
		t.Errorf("the run after it: %v", err)
	}
	for range 2 {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := b.Run(context.Background()); !errors.Is(err, runtime.ErrClosed) {
		t.Errorf("a run after close: %v", err)
	}
}

func TestBindRefusesWhatDoesNotFit(t *testing.T) {
	p := build(t, affine(), runtime.Options{}).(runtime.Binder)
	x, s := tensor.New(tensor.Float32, 2, 3), tensor.Scalar(float32(1))
	y, sum := tensor.New(tensor.Float32, 2, 3), tensor.New(tensor.Float32)
	for _, c := range []struct {
		name    string
		in, out []*tensor.Tensor
		want    string
	}{
		{"too few inputs", []*tensor.Tensor{x}, []*tensor.Tensor{y, sum}, "1 inputs given"},
		{"the wrong width", []*tensor.Tensor{tensor.New(tensor.Float32, 2, 4), s}, []*tensor.Tensor{y, sum}, `"x" is float32[2,4]`},
		{"too few outputs", []*tensor.Tensor{x, s}, []*tensor.Tensor{y}, "1 outputs given"},
		{"no output", []*tensor.Tensor{x, s}, []*tensor.Tensor{y, nil}, `"sum" is not given`},
		{"an output too small", []*tensor.Tensor{x, s}, []*tensor.Tensor{tensor.New(tensor.Float32, 1, 3), sum}, `"y" is float32[1,3]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := p.Bind(c.in, c.out); !errors.Is(err, runtime.ErrInput) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// long is a graph that runs for a while, and its input.
func long() (*graph.Graph, *tensor.Tensor) {
	g := graph.New("long")
	x := g.Input("x", 256, 256)
	y := x
	for range 200 {
		y = g.Tanh(g.MatMul(y, x))
	}
	g.Output("y", y)
	return g, tensor.New(tensor.Float32, 256, 256)
}

// Closing the program waits for the bound run in flight and closes it; the end of its context stops it before.
func TestBoundRunAndClose(t *testing.T) {
	g, x := long()
	p, err := open(t).Compile(g, runtime.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range 4 {
		b := bindTo(t, p, []*tensor.Tensor{x}, []*tensor.Tensor{tensor.New(tensor.Float32, 256, 256)})
		wg.Go(func() {
			for {
				switch err := b.Run(ctx); {
				case err == nil:
				case errors.Is(err, context.Canceled):
					return
				default:
					t.Error(err)
					return
				}
			}
		})
	}
	cancel()
	wg.Wait()
	b := bindTo(t, p, []*tensor.Tensor{x}, []*tensor.Tensor{tensor.New(tensor.Float32, 256, 256)})
	wg.Go(func() {
		if err := b.Run(context.Background()); err != nil && !errors.Is(err, runtime.ErrClosed) {
			t.Error(err)
		}
	})
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if err := b.Run(context.Background()); !errors.Is(err, runtime.ErrClosed) {
		t.Errorf("a run after the program's close: %v", err)
	}
	if _, err := p.(runtime.Binder).Bind([]*tensor.Tensor{x}, nil); !errors.Is(err, runtime.ErrClosed) {
		t.Errorf("binding a closed program: %v", err)
	}
}

// counter is a loop: total' = total + x*gain, seen = total'.
func counter(t testing.TB) (*graph.Graph, []runtime.Carry) {
	g := graph.New("counter")
	total, x, gain := g.Input("total", 2), g.Input("x", 2), g.Input("gain")
	next := g.Add(total, g.Mul(x, gain))
	g.Output("seen", g.Neg(next))
	g.Output("next", next)
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	return g, []runtime.Carry{{In: 0, Out: 1}}
}

// The state goes from run to run, and back by one run; the host's copy is read by Put and written by Get alone.
func TestLoop(t *testing.T) {
	g, carry := counter(t)
	l, err := open(t).(runtime.Looper).CompileLoop(g, carry, runtime.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	state := []*tensor.Tensor{tensor.Vector[float32](1, 2)}
	x, gain, seen := tensor.Vector[float32](1, 10), tensor.Scalar(float32(1)), tensor.New(tensor.Float32, 2)
	step := func(want string) {
		t.Helper()
		if err := l.Run(context.Background(), []*tensor.Tensor{nil, x, gain}, []*tensor.Tensor{seen, nil}); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(seen.Floats()); got != want {
			t.Errorf("seen %s, want %s", got, want)
		}
	}
	if err := l.Put(state); err != nil {
		t.Fatal(err)
	}
	if err := l.Undo(); err == nil {
		t.Error("there was a run to undo")
	}
	tensor.Data[float32](state[0])[0] = 100 // the device has its own
	step("[-2 -12]")
	step("[-3 -22]")
	tensor.Data[float32](gain)[0] = 2
	step("[-5 -42]")
	if err := l.Undo(); err != nil {
		t.Fatal(err)
	}
	if err := l.Undo(); err == nil {
		t.Error("a second run was undone")
	}
	if got := fmt.Sprint(state[0].Floats()); got != "[100 2]" || l.Carried() != 8 {
		t.Errorf("the host's state is %s, %d bytes were copied", got, l.Carried())
	}
	if err := l.Get(state); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(state[0].Floats()); got != "[3 22]" || l.Carried() != 16 {
		t.Errorf("the state is %s, %d bytes were copied", got, l.Carried())
	}
	step("[-5 -42]")
	for range 2 {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := l.Run(context.Background(), []*tensor.Tensor{nil, x, gain}, []*tensor.Tensor{seen, nil}); !errors.Is(err, runtime.ErrClosed) {
		t.Errorf("a run after close: %v", err)
	}
	if err := l.Get(state); !errors.Is(err, runtime.ErrClosed) {
		t.Errorf("get after close: %v", err)
	}
}

func TestLoopRefusesWhatDoesNotFit(t *testing.T) {
	e := open(t).(runtime.Looper)
	g, carry := counter(t)
	for _, bad := range [][]runtime.Carry{{{In: 0, Out: 2}}, {{In: -1, Out: 0}}, {{In: 2, Out: 1}}, {{In: 0, Out: 1}, {In: 1, Out: 1}}} {
		if _, err := e.CompileLoop(g, bad, runtime.Options{}); !errors.Is(err, runtime.ErrInput) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	l, err := e.CompileLoop(g, carry, runtime.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	two, one := tensor.New(tensor.Float32, 2), tensor.New(tensor.Float32)
	for _, c := range []struct {
		name    string
		in, out []*tensor.Tensor
	}{
		{"too few", []*tensor.Tensor{nil, two}, []*tensor.Tensor{two, nil}},
		{"an input is missing", []*tensor.Tensor{nil, two, nil}, []*tensor.Tensor{two, nil}},
		{"a carried input is given", []*tensor.Tensor{two, two, one}, []*tensor.Tensor{two, nil}},
		{"an output does not fit", []*tensor.Tensor{nil, two, one}, []*tensor.Tensor{one, nil}},
	} {
		if err := l.Run(context.Background(), c.in, c.out); !errors.Is(err, runtime.ErrInput) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if err := l.Put([]*tensor.Tensor{one}); !errors.Is(err, runtime.ErrInput) {
		t.Errorf("a state that does not fit: %v", err)
	}
	if err := l.Get(nil); !errors.Is(err, runtime.ErrInput) {
		t.Errorf("no state: %v", err)
	}
}
