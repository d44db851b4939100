package native

import (
	"slices"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// dynamicCases are operators whose results have shapes that the data tell, or that take strings.
var dynamicCases = []struct {
	op    string
	attrs graph.Attrs
	in    []*tensor.Tensor
	want  []*tensor.Tensor
}{
	{"Range", nil, []*tensor.Tensor{tensor.Scalar(int64(5)), tensor.Scalar(int64(0)), tensor.Scalar(int64(-2))}, []*tensor.Tensor{idx(5, 3, 1)}},
	{"Unique", nil, []*tensor.Tensor{idx(2, 1, 1, 3, 2)}, []*tensor.Tensor{idx(1, 2, 3), idx(1, 0, 3), idx(1, 0, 0, 2, 1), idx(2, 2, 1)}},
	{"Unique", graph.Attrs{"sorted": int64(0)}, []*tensor.Tensor{idx(2, 1, 1, 3, 2)}, []*tensor.Tensor{idx(2, 1, 3), idx(0, 1, 3), idx(0, 1, 1, 2, 0), idx(2, 2, 1)}},
	{"Unique", graph.Attrs{"axis": int64(1)}, []*tensor.Tensor{ints([]int{2, 3}, 2, 1, 2, 0, 5, 0)}, []*tensor.Tensor{ints([]int{2, 2}, 1, 2, 5, 0), idx(1, 0), idx(1, 0, 1), idx(1, 2)}},
	{"Unique", nil, []*tensor.Tensor{text([]int{3}, "b", "a", "b")}, []*tensor.Tensor{text([]int{2}, "a", "b"), idx(1, 0), idx(1, 0, 1), idx(1, 2)}},
	{"NonMaxSuppression", nil, []*tensor.Tensor{
		f32([]int{1, 4, 4}, 0, 0, 1, 1, 0, 0.1, 1, 1.1, 1, 3, 0, 2, 0, 10, 1, 11), f32([]int{1, 1, 4}, 0.9, 0.8, 0.7, 0.1),
		tensor.Scalar(int64(3)), f32([]int{}, 0.5), f32([]int{}, 0.2)}, []*tensor.Tensor{ints([]int{2, 3}, 0, 0, 0, 0, 0, 2)}},
	{"NonMaxSuppression", graph.Attrs{"center_point_box": int64(1)}, []*tensor.Tensor{
		f32([]int{1, 2, 4}, 0.5, 0.5, 1, 1, 0.5, 1, 1, 1), f32([]int{1, 1, 2}, 0.2, 0.3),
		tensor.Scalar(int64(3)), f32([]int{}, 0.3)}, []*tensor.Tensor{ints([]int{1, 3}, 0, 0, 1)}}, // 1/2 of 3/2 is a third
	{"NonMaxSuppression", nil, []*tensor.Tensor{f32([]int{1, 1, 4}, 0, 0, 1, 1), f32([]int{1, 1, 1}, 1)}, []*tensor.Tensor{ints([]int{0, 3})}},
	{"TfIdfVectorizer", graph.Attrs{"mode": "TFIDF", "min_gram_length": int64(1), "max_gram_length": int64(2), "max_skip_count": int64(1),
		"ngram_counts": []int64{0, 1}, "ngram_indexes": []int64{1, 0}, "pool_int64s": []int64{7, 7, 8}, "weights": []float32{10, 100}},
		[]*tensor.Tensor{ints([]int{2, 4}, 7, 8, 7, 8, 7, 1, 8, 7)}, []*tensor.Tensor{f32([]int{2, 2}, 200, 20, 100, 20)}},
	{"TfIdfVectorizer", graph.Attrs{"mode": "IDF", "ngram_counts": []int64{0}, "ngram_indexes": []int64{0, 2}, "pool_strings": []string{"a", "b"}, "weights": []float32{3, 4}},
		[]*tensor.Tensor{text([]int{3}, "b", "c", "b")}, []*tensor.Tensor{f32([]int{3}, 0, 0, 4)}},
	{"StringConcat", nil, []*tensor.Tensor{text([]int{2, 1}, "a", "b"), text([]int{2}, "x", "y")}, []*tensor.Tensor{text([]int{2, 2}, "ax", "ay", "bx", "by")}},
	{"StringSplit", graph.Attrs{"delimiter": "-", "maxsplit": int64(1)}, []*tensor.Tensor{text([]int{2}, "a-b-c", "d")},
		[]*tensor.Tensor{text([]int{2, 2}, "a", "b-c", "d", ""), idx(2, 1)}},
	{"StringSplit", nil, []*tensor.Tensor{text([]int{3}, " a  b ", "", "c\td e")}, []*tensor.Tensor{text([]int{3, 3}, "a", "b", "", "", "", "", "c", "d", "e"), idx(2, 0, 3)}},
	{"StringSplit", graph.Attrs{"maxsplit": int64(1)}, []*tensor.Tensor{text([]int{1}, " a  b c")}, []*tensor.Tensor{text([]int{1, 2}, "a", "b c"), idx(2)}},
	{"StringNormalizer", graph.Attrs{"stopwords": []string{"The"}, "case_change_action": "UPPER"}, []*tensor.Tensor{text([]int{1, 3}, "the", "Cat", "sat")},
		[]*tensor.Tensor{text([]int{1, 2}, "CAT", "SAT")}},
	{"StringNormalizer", graph.Attrs{"stopwords": []string{"a"}, "is_case_sensitive": int64(1)}, []*tensor.Tensor{text([]int{1}, "a")}, []*tensor.Tensor{text([]int{1}, "")}},
	{"RegexFullMatch", graph.Attrs{"pattern": `[a-z]+|\d`}, []*tensor.Tensor{text([]int{4}, "abc", "12", "1", "abc\n")}, []*tensor.Tensor{bools([]int{4}, true, false, true, false)}},
}

func TestDynamicKernelsGiveWorkedResults(t *testing.T) {
	for _, c := range dynamicCases {
		g := graph.New(c.op)
		var args []*graph.Value
		for _, x := range c.in {
			args = append(args, input(g, g.Fresh("x"), x))
		}
		for i, y := range g.NodeN(c.op, len(c.want), c.attrs, args...) {
			g.Output("y"+string(rune('0'+i)), y)
		}
		for i, y := range run(t, g, c.in...) {
			if y.Key() != c.want[i].Key() {
				t.Errorf("%s: output %d of %v is %v %v %q, want %v %v %q", c.op, i, c.in, y, y.Floats(), y.Strings(), c.want[i], c.want[i].Floats(), c.want[i].Strings())
			}
		}
	}
}

func TestDynamicKernelsRefuseNonsense(t *testing.T) {
	for _, c := range []struct {
		op    string
		attrs graph.Attrs
		in    *tensor.Tensor
		says  string
	}{
		{"RegexFullMatch", graph.Attrs{"pattern": "("}, text([]int{1}, "a"), "pattern"},
		{"StringNormalizer", graph.Attrs{"case_change_action": "TITLE"}, text([]int{1}, "a"), "TITLE"},
		{"TfIdfVectorizer", graph.Attrs{"ngram_counts": []int64{0, 5}, "ngram_indexes": []int64{0}, "pool_int64s": []int64{1}}, idx(1), "ngram_counts"},
		{"TfIdfVectorizer", graph.Attrs{"min_gram_length": int64(-3), "ngram_counts": []int64{0}, "ngram_indexes": []int64{0}, "pool_int64s": []int64{1}}, idx(1), "min_gram_length"},
		{"TfIdfVectorizer", graph.Attrs{"ngram_counts": []int64{0}, "ngram_indexes": []int64{-1, 0}, "pool_int64s": []int64{1}}, idx(1), "ngram_indexes"},
	} {
		g := graph.New(c.op)
		g.Output("y", g.Node(c.op, c.attrs, input(g, "x", c.in)))
		p, err := New().Compile(g, runtime.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Run(t.Context(), []*tensor.Tensor{c.in}, make([]*tensor.Tensor, 1)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.op, err)
		}
	}
}

func TestDeterminants(t *testing.T) {
	g := graph.New("det")
	g.Output("y", g.Node("Det", nil, g.Input("x", "n", 3, 3)))
	x := f32([]int{3, 3, 3}, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 1, 0, 1, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	got := run(t, g, x)[0].Floats()
	if !slices.EqualFunc(got, []float64{24, -1, 0}, func(a, b float64) bool { return near(a, b, 1e-6) }) {
		t.Error(got)
	}
}
