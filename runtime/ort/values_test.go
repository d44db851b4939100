//go:build cgo

package ort

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// node is a graph of one node whose inputs are like the values.
func node(op string, attrs graph.Attrs, in ...tensor.Value) *graph.Graph {
	g := graph.New(op)
	var args []*graph.Value
	for _, v := range in {
		x := g.InputOf(v.DType, g.Fresh("x"), nil)
		if x.Kind = v.Kind; v.Kind == tensor.Dense {
			x.Shape = graph.Shape{}
			for _, d := range v.Tensor.Shape() {
				x.Shape = append(x.Shape, graph.N(d))
			}
		}
		args = append(args, x)
	}
	g.Output("y", g.Node(op, attrs, args...))
	return g
}

func runNode(t *testing.T, op string, attrs graph.Attrs, in ...tensor.Value) (tensor.Value, error) {
	t.Helper()
	out, err := build(t, node(op, attrs, in...), runtime.Options{Threads: 1}).(runtime.ValueProgram).RunValues(t.Context(), in)
	if err != nil {
		return tensor.Value{}, err
	}
	return out[0], nil
}

func words(t *testing.T, shape []int, s ...string) *tensor.Tensor {
	t.Helper()
	x, err := tensor.WrapStrings(s, shape...)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func sequence(items ...*tensor.Tensor) tensor.Value {
	return tensor.Value{Kind: tensor.Sequence, DType: items[0].DType(), Items: items}
}

// shown is a value with its elements.
func shown(v tensor.Value) string {
	elements := func(t *tensor.Tensor) string {
		if t.DType() == tensor.String {
			return fmt.Sprintf("%v%q", t, t.Strings())
		}
		return fmt.Sprintf("%v%v", t, t.Floats())
	}
	if v.Tensor != nil {
		return elements(v.Tensor)
	}
	s := v.String()
	for _, t := range v.Items {
		s += " " + elements(t)
	}
	return s
}

// Strings, what is packed into a byte, sequences and optionals go in and come out.
func TestRunValues(t *testing.T) {
	v := tensor.ValueOf
	a, b := tensor.Vector[int64](1), tensor.Vector[int64](2, 3)
	none := tensor.Value{Kind: tensor.Sequence, DType: tensor.Int64}
	small := func(dtype tensor.DType, elements ...byte) tensor.Value {
		x := tensor.New(dtype, len(elements))
		copy(x.Bytes(), elements)
		return v(x)
	}
	to := func(d tensor.DType) graph.Attrs { return graph.Attrs{"to": int64(d)} }
	for _, c := range []struct {
		op    string
		attrs graph.Attrs
		in    []tensor.Value
		want  string
	}{
		{"Identity", nil, []tensor.Value{v(words(t, []int{2, 2}, "", "a\x00b", "grüß", "\n"))}, `string[2,2]["" "a\x00b" "grüß" "\n"]`},
		{"Identity", nil, []tensor.Value{v(words(t, nil, "one"))}, `string[]["one"]`},
		{"Identity", nil, []tensor.Value{v(words(t, []int{0, 3}))}, `string[0,3][]`},
		{"StringConcat", nil, []tensor.Value{v(words(t, []int{2}, "a", "b")), v(words(t, nil, "!"))}, `string[2]["a!" "b!"]`},
		{"Equal", nil, []tensor.Value{v(words(t, []int{2}, "a", "b")), v(words(t, []int{2}, "a", "c"))}, "bool[2][1 0]"},
		{"StringNormalizer", graph.Attrs{"case_change_action": "UPPER"}, []tensor.Value{v(words(t, []int{2}, "a", "é"))}, `string[2]["A" "É"]`},
		{"Cast", to(tensor.Float32), []tensor.Value{small(tensor.Int4, 7, 0xf8, 0xff)}, "float32[3][7 -8 -1]"},
		{"Cast", to(tensor.Float32), []tensor.Value{small(tensor.Uint4, 1, 2, 15)}, "float32[3][1 2 15]"},
		{"Cast", to(tensor.Float32), []tensor.Value{small(tensor.Int2, 1, 0xfe, 0xff, 0, 1)}, "float32[5][1 -2 -1 0 1]"},
		{"Cast", to(tensor.Float32), []tensor.Value{small(tensor.Uint2, 3, 2, 1)}, "float32[3][3 2 1]"},
		{"Cast", to(tensor.Float32), []tensor.Value{small(tensor.Float8E8M0, 127, 128)}, "float32[2][1 2]"},
		{"Cast", to(tensor.Float32), []tensor.Value{small(tensor.Float8E5M2, 0x3c, 0xc0)}, "float32[2][1 -2]"},
		{"Cast", to(tensor.Int4), []tensor.Value{v(tensor.Vector[float32](7, -8, -1))}, "int4[3][7 -8 -1]"},
		{"Cast", to(tensor.Uint2), []tensor.Value{v(tensor.Vector[float32](3, 2, 0, 1, 1))}, "uint2[5][3 2 0 1 1]"},
		{"SequenceInsert", nil, []tensor.Value{sequence(a, b), v(a), v(tensor.Scalar[int64](0))},
			"sequence of 3 int64 tensors int64[1][1] int64[1][1] int64[2][2 3]"},
		{"SequenceInsert", nil, []tensor.Value{none, v(b)}, "sequence of 1 int64 tensors int64[2][2 3]"},
		{"SequenceErase", nil, []tensor.Value{sequence(a)}, "sequence of 0 int64 tensors"},
		{"SequenceAt", nil, []tensor.Value{sequence(a, b), v(tensor.Scalar[int64](1))}, "int64[2][2 3]"},
		{"Identity", nil, []tensor.Value{sequence(words(t, []int{1}, "a"), words(t, []int{2}, "b", ""))},
			`sequence of 2 string tensors string[1]["a"] string[2]["b" ""]`},
		{"OptionalHasElement", nil, []tensor.Value{{Kind: tensor.Optional, DType: tensor.Int64, Tensor: a}}, "bool[][1]"},
		{"OptionalHasElement", nil, []tensor.Value{{Kind: tensor.Optional, DType: tensor.Int64, Empty: true}}, "bool[][0]"},
		{"OptionalHasElement", nil, []tensor.Value{{Kind: tensor.OptionalSequence, DType: tensor.Int64, Empty: true}}, "bool[][0]"},
		{"OptionalGetElement", nil, []tensor.Value{{Kind: tensor.OptionalSequence, DType: tensor.Int64, Items: []*tensor.Tensor{a, b}}},
			"sequence of 2 int64 tensors int64[1][1] int64[2][2 3]"},
		{"Optional", nil, []tensor.Value{v(a)}, "int64[1][1]"},
		{"Optional", graph.Attrs{"type": &graph.Value{DType: tensor.Int64}}, nil, "optional tensor that is empty"},
		{"Optional", graph.Attrs{"type": &graph.Value{DType: tensor.Int64, Kind: tensor.Sequence}}, nil, "optional sequence that is empty"},
	} {
		got, err := runNode(t, c.op, c.attrs, c.in...)
		if err != nil {
			t.Errorf("%s of %v: %v", c.op, c.in, err)
			continue
		}
		if s := shown(got); s != c.want {
			t.Errorf("%s of %v: %s, want %s", c.op, c.in, s, c.want)
		}
	}
}

// A file's own ports say of themselves what they are.
func TestCompileModelTellsItsPorts(t *testing.T) {
	e := open(t).(runtime.ModelCompiler)
	for _, v := range []tensor.Value{
		tensor.ValueOf(words(t, []int{1}, "a")), tensor.ValueOf(tensor.New(tensor.BFloat16, 1)),
		{Kind: tensor.Sequence, DType: tensor.Float32}, {Kind: tensor.Optional, DType: tensor.Int32, Empty: true},
		{Kind: tensor.OptionalSequence, DType: tensor.Float64, Empty: true},
	} {
		b, err := importer.Marshal(node("Identity", nil, v))
		if err != nil {
			t.Fatal(err)
		}
		p, err := e.CompileModel("identity", b, runtime.Options{})
		if err != nil {
			t.Errorf("%v: %v", v, err)
			continue
		}
		for _, port := range slices.Concat(p.Inputs(), p.Outputs()) {
			if port.Kind != v.Kind || port.DType != v.DType {
				t.Errorf("%v: port %+v", v, port)
			}
		}
		if got, err := p.(runtime.ValueProgram).RunValues(t.Context(), []tensor.Value{v}); err != nil || shown(got[0]) != shown(v) {
			t.Errorf("%v came back as %v: %v", v, got, err)
		}
		p.Close()
	}
}

func TestRunValuesRefusesWhatDoesNotFit(t *testing.T) {
	a := tensor.Vector[int64](1)
	list := build(t, node("SequenceLength", nil, sequence(a)), runtime.Options{}).(runtime.ValueProgram)
	vector := build(t, node("Neg", nil, tensor.ValueOf(a)), runtime.Options{}).(runtime.ValueProgram)
	text := build(t, node("Identity", nil, tensor.ValueOf(words(t, []int{1}, "a"))), runtime.Options{}).(runtime.ValueProgram)
	optional := build(t, node("OptionalHasElement", nil, tensor.Value{Kind: tensor.Optional, DType: tensor.Int64}), runtime.Options{}).(runtime.ValueProgram)
	for name, c := range map[string]struct {
		p  runtime.ValueProgram
		in []tensor.Value
	}{
		"a tensor for a sequence":       {list, []tensor.Value{tensor.ValueOf(a)}},
		"a sequence of another type":    {list, []tensor.Value{sequence(tensor.Vector[float32](1))}},
		"a sequence that holds another": {list, []tensor.Value{{Kind: tensor.Sequence, DType: tensor.Int64, Items: []*tensor.Tensor{tensor.Vector[float32](1)}}}},
		"a sequence with a hole":        {list, []tensor.Value{{Kind: tensor.Sequence, DType: tensor.Int64, Items: []*tensor.Tensor{a, nil}}}},
		"an empty optional":             {list, []tensor.Value{{Kind: tensor.OptionalSequence, DType: tensor.Int64, Empty: true}}},
		"a sequence said to be empty":   {list, []tensor.Value{{Kind: tensor.Sequence, DType: tensor.Int64, Empty: true}}},
		"no input":                      {list, nil},
		"a sequence for a tensor":       {vector, []tensor.Value{sequence(a)}},
		"a tensor that is not there":    {vector, []tensor.Value{{DType: tensor.Int64}}},
		"numbers for strings":           {text, []tensor.Value{tensor.ValueOf(a)}},
		"strings of another shape":      {text, []tensor.Value{tensor.ValueOf(words(t, []int{2}, "a", "b"))}},
		"strings that are not there":    {text, []tensor.Value{{DType: tensor.String}}},
		"an optional with a hole":       {optional, []tensor.Value{{Kind: tensor.Optional, DType: tensor.Int64}}},
		"a sequence for an optional":    {optional, []tensor.Value{sequence(a)}},
	} {
		if _, err := c.p.RunValues(t.Context(), c.in); !errors.Is(err, runtime.ErrInput) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Run is for tensors.
	if err := list.Run(t.Context(), []*tensor.Tensor{a}, make([]*tensor.Tensor, 1)); !errors.Is(err, runtime.ErrInput) {
		t.Errorf("a sequence by Run: %v", err)
	}
	split := build(t, node("SplitToSequence", nil, tensor.ValueOf(a)), runtime.Options{})
	if err := split.Run(t.Context(), []*tensor.Tensor{a}, make([]*tensor.Tensor, 1)); !errors.Is(err, runtime.ErrInput) {
		t.Errorf("a sequence from Run: %v", err)
	}
}

// What is not bindable runs on tensors that are given, too, through Run and through Bind, and does not loop.
func TestRunOfStrings(t *testing.T) {
	x, y := words(t, []int{2}, "a", "b"), tensor.New(tensor.String, 2)
	g := node("Identity", nil, tensor.ValueOf(x))
	p := build(t, g, runtime.Options{})
	out := []*tensor.Tensor{nil}
	if err := p.Run(t.Context(), []*tensor.Tensor{x}, out); err != nil || !slices.Equal(out[0].Strings(), x.Strings()) {
		t.Errorf("%v: %v", out, err)
	}
	b := bindTo(t, p, []*tensor.Tensor{x}, []*tensor.Tensor{y})
	x.Strings()[1] = "c"
	if err := b.Run(t.Context()); err != nil || !slices.Equal(y.Strings(), []string{"a", "c"}) {
		t.Errorf("%v: %v", y.Strings(), err)
	}
	if err := p.Run(t.Context(), []*tensor.Tensor{x}, []*tensor.Tensor{tensor.New(tensor.String, 3)}); !errors.Is(err, runtime.ErrInput) {
		t.Errorf("an output of another shape: %v", err)
	}
	if err := p.Run(t.Context(), []*tensor.Tensor{nil}, []*tensor.Tensor{nil}); !errors.Is(err, runtime.ErrInput) {
		t.Errorf("no strings: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Run(ctx, []*tensor.Tensor{x}, out); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
	if _, err := open(t).(runtime.Looper).CompileLoop(g, []runtime.Carry{{}}, runtime.Options{}); !errors.Is(err, graph.ErrUnsupported) {
		t.Errorf("a loop of strings: %v", err)
	}
}

// Runs at the same time, on sequences without tensors, do not disturb each other.
func TestConcurrentRunValues(t *testing.T) {
	none := tensor.Value{Kind: tensor.Sequence, DType: tensor.String}
	item := tensor.ValueOf(words(t, []int{1}, "a"))
	p, err := open(t).Compile(node("SequenceInsert", nil, none, item), runtime.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := range 20 {
				s := fmt.Sprint(i, n)
				got, err := p.(runtime.ValueProgram).RunValues(context.Background(), []tensor.Value{none, tensor.ValueOf(words(t, []int{1}, s))})
				if err != nil || got[0].Items[0].Strings()[0] != s {
					t.Errorf("%v, want %s: %v", got, s, err)
					return
				}
			}
		})
	}
	wg.Wait()
	for range 2 {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := p.(runtime.ValueProgram).RunValues(context.Background(), []tensor.Value{none, item}); !errors.Is(err, runtime.ErrClosed) {
		t.Errorf("run after close: %v", err)
	}
}

// What a run makes and is given is freed, whether the run works or not.
func TestRunValuesFreesWhatItMade(t *testing.T) {
	const size, runs, most = 1 << 20, 60, 30 << 20
	resident := func() int {
		debug.FreeOSMemory() // of Go's
		b, err := os.ReadFile("/proc/self/statm")
		if err != nil {
			t.Skip(err)
		}
		var total, pages int
		fmt.Sscan(string(b), &total, &pages)
		return pages * os.Getpagesize()
	}
	bytes := tensor.New(tensor.Uint8, size)
	text := tensor.ValueOf(words(t, []int{1}, strings.Repeat("a", size)))
	packed := tensor.ValueOf(tensor.New(tensor.Int4, size))
	for _, c := range []struct {
		op    string
		attrs graph.Attrs
		in    []tensor.Value
	}{
		{"Identity", nil, []tensor.Value{text}},
		{"Identity", nil, []tensor.Value{sequence(bytes, bytes)}},
		{"SequenceAt", nil, []tensor.Value{sequence(text.Tensor), tensor.ValueOf(tensor.Scalar[int64](7))}}, // there is none
		{"Cast", graph.Attrs{"to": int64(tensor.Int8)}, []tensor.Value{packed}},
	} {
		p := build(t, node(c.op, c.attrs, c.in...), runtime.Options{Threads: 1}).(runtime.ValueProgram)
		var before int
		for i := range runs {
			if i == 10 {
				before = resident()
			}
			p.RunValues(t.Context(), c.in)
		}
		if grown := resident() - before; grown > most {
			t.Errorf("%s of %v: %d MB more after %d runs on 1 MB", c.op, c.in, grown>>20, runs)
		}
	}
}
