package native

import (
	"slices"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

func text(shape []int, s ...string) *tensor.Tensor {
	t, err := tensor.WrapStrings(s, shape...)
	if err != nil {
		panic(err)
	}
	return t
}

// runValues runs a graph of one node on inputs that may be sequences.
func runValues(t *testing.T, op string, attrs graph.Attrs, in ...tensor.Value) (tensor.Value, error) {
	t.Helper()
	g := graph.New(op)
	var args []*graph.Value
	for _, v := range in {
		x := g.InputOf(v.DType, g.Fresh("x"), nil)
		x.Kind = v.Kind
		if v.Tensor != nil && v.Kind == tensor.Dense {
			x.Shape = make(graph.Shape, len(v.Tensor.Shape()))
			for i, d := range v.Tensor.Shape() {
				x.Shape[i] = graph.N(d)
			}
		}
		args = append(args, x)
	}
	g.Output("y", g.Node(op, attrs, args...))
	p, err := New().Compile(g, runtime.Options{})
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.(runtime.ValueProgram).RunValues(t.Context(), in)
	if err != nil {
		return tensor.Value{}, err
	}
	return out[0], nil
}

func list(items ...*tensor.Tensor) tensor.Value {
	return tensor.Value{Kind: tensor.Sequence, DType: items[0].DType(), Items: items}
}

func TestSequencesGiveWorkedNumbers(t *testing.T) {
	a, b, c := idx(1), idx(2, 3), idx(4, 5, 6)
	at := func(k int64) tensor.Value { return tensor.ValueOf(tensor.Scalar(k)) }
	v := tensor.ValueOf
	matrix := ints([]int{2, 3}, 1, 2, 3, 4, 5, 6)
	empty := tensor.Value{Kind: tensor.Sequence, DType: tensor.Int64}
	for _, x := range []struct {
		op    string
		attrs graph.Attrs
		in    []tensor.Value
		want  tensor.Value // with no items and no tensor: an error that says
		says  string
	}{
		{"SequenceConstruct", nil, []tensor.Value{v(a), v(b)}, list(a, b), ""},
		{"SequenceInsert", nil, []tensor.Value{empty, v(a)}, list(a), ""},
		{"SequenceInsert", nil, []tensor.Value{list(a, b), v(c)}, list(a, b, c), ""},
		{"SequenceInsert", nil, []tensor.Value{list(a, b), v(c), at(0)}, list(c, a, b), ""},
		{"SequenceInsert", nil, []tensor.Value{list(a, b), v(c), at(2)}, list(a, b, c), ""},
		{"SequenceInsert", nil, []tensor.Value{list(a, b), v(c), at(-1)}, list(a, c, b), ""},
		{"SequenceInsert", nil, []tensor.Value{list(a, b), v(c), at(-2)}, list(c, a, b), ""},
		{"SequenceInsert", nil, []tensor.Value{list(a, b), v(c), at(-3)}, tensor.Value{}, "position -3"},
		{"SequenceInsert", nil, []tensor.Value{list(a, b), v(c), at(3)}, tensor.Value{}, "position 3"},
		{"SequenceErase", nil, []tensor.Value{list(a, b, c)}, list(a, b), ""},
		{"SequenceErase", nil, []tensor.Value{list(a, b, c), at(-3)}, list(b, c), ""},
		{"SequenceErase", nil, []tensor.Value{empty}, tensor.Value{}, "empty sequence"},
		{"SequenceAt", nil, []tensor.Value{list(a, b, c), at(-1)}, v(c), ""},
		{"SequenceAt", nil, []tensor.Value{list(a, b, c), at(3)}, tensor.Value{}, "position 3"},
		{"SequenceLength", nil, []tensor.Value{list(a, b, c)}, at(3), ""},
		{"SplitToSequence", graph.Attrs{"axis": int64(-1)}, []tensor.Value{v(matrix)}, list(ints([]int{2, 1}, 1, 4), ints([]int{2, 1}, 2, 5), ints([]int{2, 1}, 3, 6)), ""},
		{"SplitToSequence", graph.Attrs{"keepdims": int64(0)}, []tensor.Value{v(matrix)}, list(idx(1, 2, 3), idx(4, 5, 6)), ""},
		{"SplitToSequence", graph.Attrs{"axis": int64(1)}, []tensor.Value{v(matrix), at(2)}, list(ints([]int{2, 2}, 1, 2, 4, 5), ints([]int{2, 1}, 3, 6)), ""},
		{"SplitToSequence", graph.Attrs{"axis": int64(1)}, []tensor.Value{v(matrix), v(idx(1, 2))}, list(ints([]int{2, 1}, 1, 4), ints([]int{2, 2}, 2, 3, 5, 6)), ""},
		{"SplitToSequence", graph.Attrs{"axis": int64(1)}, []tensor.Value{v(matrix), v(idx(1, 1))}, tensor.Value{}, "parts of"},
		{"ConcatFromSequence", graph.Attrs{"axis": int64(0)}, []tensor.Value{list(a, b)}, v(idx(1, 2, 3)), ""},
		{"ConcatFromSequence", graph.Attrs{"axis": int64(-1), "new_axis": int64(1)}, []tensor.Value{list(idx(1, 2), idx(3, 4))}, v(ints([]int{2, 2}, 1, 3, 2, 4)), ""},
		{"ConcatFromSequence", graph.Attrs{"axis": int64(0), "new_axis": int64(1)}, []tensor.Value{list(a, b)}, tensor.Value{}, "stacked"},
		{"ConcatFromSequence", graph.Attrs{"axis": int64(0)}, []tensor.Value{list(matrix, a)}, tensor.Value{}, "joined"},
		{"Identity", nil, []tensor.Value{list(a, b)}, list(a, b), ""},
		{"OptionalGetElement", nil, []tensor.Value{{Kind: tensor.OptionalSequence, DType: tensor.Int64, Items: []*tensor.Tensor{a}}}, list(a), ""},
		{"OptionalGetElement", nil, []tensor.Value{{Kind: tensor.Optional, DType: tensor.Int64, Empty: true}}, tensor.Value{}, "holds nothing"},
		{"OptionalHasElement", nil, []tensor.Value{{Kind: tensor.Optional, DType: tensor.Int64, Empty: true}}, v(tensor.Scalar(false)), ""},
	} {
		got, err := runValues(t, x.op, x.attrs, x.in...)
		switch {
		case x.says != "":
			if err == nil || !strings.Contains(err.Error(), x.says) {
				t.Errorf("%s of %v gives %v and %v, want an error that says %q", x.op, x.in, got, err, x.says)
			}
		case err != nil:
			t.Errorf("%s of %v: %v", x.op, x.in, err)
		case got.Kind != x.want.Kind || !slices.EqualFunc(elements(got), elements(x.want), same):
			t.Errorf("%s of %v is %v, want %v", x.op, x.in, got, x.want)
		}
	}
}

func elements(v tensor.Value) []*tensor.Tensor {
	if v.Tensor != nil {
		return []*tensor.Tensor{v.Tensor}
	}
	return v.Items
}

func same(a, b *tensor.Tensor) bool { return a.Key() == b.Key() }

func TestRunRefusesSequences(t *testing.T) {
	g := graph.New("g")
	x := g.InputOf(tensor.Int64, "x", graph.Dims(2))
	g.Output("y", g.Node("SequenceConstruct", nil, x))
	p := compile(t, g)
	if err := p.Run(t.Context(), []*tensor.Tensor{idx(1, 2)}, make([]*tensor.Tensor, 1)); err == nil || !strings.Contains(err.Error(), "sequence of int64") {
		t.Error(err)
	}
}

// Whatever moves elements moves strings; the empty string is what zero is to numbers.
func TestStringsGoThroughWhatMoves(t *testing.T) {
	x := text([]int{2, 2}, "b", "a", "", "b")
	for _, c := range []struct {
		op    string
		attrs graph.Attrs
		in    []*tensor.Tensor
		want  *tensor.Tensor
	}{
		{"Transpose", nil, []*tensor.Tensor{x}, text([]int{2, 2}, "b", "", "a", "b")},
		{"Gather", nil, []*tensor.Tensor{x, idx(1)}, text([]int{1, 2}, "", "b")},
		{"Concat", graph.Attrs{"axis": int64(1)}, []*tensor.Tensor{x, text([]int{2, 1}, "z", "a")}, text([]int{2, 3}, "b", "a", "z", "", "b", "a")},
		{"Where", nil, []*tensor.Tensor{bools([]int{2}, true, false), x, text([]int{1}, "c")}, text([]int{2, 2}, "b", "c", "", "c")},
		{"Equal", nil, []*tensor.Tensor{x, text([]int{}, "b")}, bools([]int{2, 2}, true, false, false, true)},
		{"Pad", nil, []*tensor.Tensor{text([]int{1}, "q"), idx(1, 0)}, text([]int{2}, "", "q")},
		{"ConstantOfShape", graph.Attrs{"value": text([]int{1}, "v")}, []*tensor.Tensor{idx(2)}, text([]int{2}, "v", "v")},
		{"Cast", graph.Attrs{"to": int64(tensor.String)}, []*tensor.Tensor{f32([]int{4}, 1.5, 0.1, 1e20, -3)}, text([]int{4}, "1.5", "0.1", "1e+20", "-3")},
		{"Cast", graph.Attrs{"to": int64(tensor.Float32)}, []*tensor.Tensor{text([]int{3}, "1.5", " -2e3", "INF")}, f32([]int{3}, 1.5, -2000, inf)},
		{"Cast", graph.Attrs{"to": int64(tensor.Int64)}, []*tensor.Tensor{text([]int{1}, "-12")}, idx(-12)},
	} {
		var in []tensor.Value
		for _, x := range c.in {
			in = append(in, tensor.ValueOf(x))
		}
		got, err := runValues(t, c.op, c.attrs, in...)
		if err != nil {
			t.Errorf("%s: %v", c.op, err)
		} else if !same(got.Tensor, c.want) {
			t.Errorf("%s is %v %q, want %v %q", c.op, got, got.Tensor.Strings(), c.want, c.want.Strings())
		}
	}
	if _, err := runValues(t, "Cast", graph.Attrs{"to": int64(tensor.Int64)}, tensor.ValueOf(text([]int{1}, "one"))); err == nil {
		t.Error("a word is a number")
	}
}
