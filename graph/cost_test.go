package graph

import (
	"testing"

	"github.com/elbo-ml/elbo/tensor"
)

func TestEveryOperatorHasACost(t *testing.T) {
	for _, op := range Ops() {
		if flops[opKey(op.Domain, op.Name)] == nil {
			t.Errorf("%s has no row in flops.go", op.Name)
		}
	}
	for op := range flops {
		if table[op] == nil {
			t.Errorf("flops.go has a row for %s, which is no operator", op)
		}
	}
}

// The numbers are worked by hand: operations, bytes read, bytes written.
var costRows = []struct {
	breaks string
	op     string
	attrs  Attrs
	inputs []any
	want   Cost
}{
	{"an addition for each element, the bias read once", "Add", nil, []any{Dims(10, 3), Dims(3)}, Cost{30, 4 * 33, 4 * 30}},
	{"exp counts one", "Exp", nil, []any{Dims(10, 3)}, Cost{30, 120, 120}},
	{"a comparison gives bytes", "Less", nil, []any{Dims(10), Dims(10)}, Cost{10, 80, 10}},
	{"three operands are two maxima", "Max", nil, []any{Dims(4), Dims(4), Dims(4)}, Cost{8, 48, 16}},
	{"one operand is none", "Min", nil, []any{Dims(4)}, Cost{0, 16, 16}},

	{"PyTorch's Linear: 2*100*784*500 and the bias", "Gemm", Attrs{"transB": int64(1)}, []any{Dims(100, 784), Dims(500, 784), Dims(500)},
		Cost{2*100*784*500 + 100*500, 4 * (100*784 + 500*784 + 500), 4 * 100 * 500}},
	{"a gradient of weights", "Gemm", Attrs{"transA": int64(1)}, []any{Dims(100, 784), Dims(100, 500)},
		Cost{2 * 100 * 784 * 500, 4 * (100*784 + 100*500), 4 * 784 * 500}},
	{"a batch of matrices by one", "MatMul", nil, []any{Dims(3, 5, 8), Dims(8, 2)}, Cost{2 * 3 * 5 * 8 * 2, 4 * (120 + 16), 4 * 30}},
	{"vector by vector", "MatMul", nil, []any{Dims(8), Dims(8)}, Cost{16, 64, 4}},
	{"a convolution of stride 2: 32*14*14 outputs of 16 weights", "Conv",
		Attrs{"strides": []int64{2, 2}, "pads": []int64{1, 1, 1, 1}}, []any{Dims(10, 1, 28, 28), Dims(32, 1, 4, 4), Dims(32)},
		Cost{10*32*14*14*(2*16) + 10*32*14*14, 4 * (7840 + 512 + 32), 4 * 10 * 32 * 14 * 14}},
	{"groups see their own channels", "Conv", Attrs{"group": int64(4)}, []any{Dims(1, 4, 3, 3), Dims(4, 1, 3, 3)},
		Cost{2 * 4 * 9, 4 * 72, 16}},
	{"a transposed convolution costs what the convolution back costs", "ConvTranspose",
		Attrs{"strides": []int64{2, 2}, "pads": []int64{1, 1, 1, 1}}, []any{Dims(10, 32, 14, 14), Dims(32, 1, 4, 4)},
		Cost{10 * 32 * 14 * 14 * (2 * 16), 4 * (62720 + 512), 4 * 7840}},

	{"a sum reads all and gives little", "ReduceSum", Attrs{"keepdims": int64(0)}, []any{Dims(10, 3), []int{1}}, Cost{30, 120 + 8, 40}},
	{"squares are summed", "ReduceSumSquare", Attrs{"axes": []int64{1}}, []any{Dims(10, 3)}, Cost{60, 120, 40}},
	{"softmax goes over its rows five times", "Softmax", nil, []any{Dims(10, 3)}, Cost{150, 120, 120}},
	{"normalisation by running statistics", "BatchNormalization", nil, []any{Dims(2, 3, 4), Dims(3), Dims(3), Dims(3), Dims(3)},
		Cost{72, 4 * (24 + 12), 96}},
	{"a window of four", "MaxPool", Attrs{"kernel_shape": []int64{2, 2}, "strides": []int64{2, 2}}, []any{Dims(1, 3, 4, 4)},
		Cost{48, 192, 48}},

	{"a transpose moves", "Transpose", nil, []any{Dims(10, 3)}, Cost{0, 120, 120}},
	{"a slice reads what it gives", "Slice", nil, []any{Dims(10, 3), []int{2}, []int{4}, []int{0}}, Cost{0, 24 + 3*8, 24}},
	{"a gather that repeats rows reads them once", "Gather", nil, []any{Dims(2, 3), []int{0, 1, 0, 1}}, Cost{0, 24 + 32, 48}},
	{"a shape is known without the elements", "Shape", nil, []any{Dims(10, 3)}, Cost{0, 0, 16}},
	{"a scatter moves", "ScatterElements", nil, []any{Dims(4), []int{0, 1}, Dims(2)}, Cost{0, 16 + 16 + 8, 16}},
	{"a scatter that adds", "ScatterElements", Attrs{"reduction": "add"}, []any{Dims(4), []int{0, 1}, Dims(2)}, Cost{2, 16 + 16 + 8, 16}},
}

func TestCost(t *testing.T) {
	for _, r := range costRows {
		g := New("row")
		var in []*Value
		for i, x := range r.inputs {
			switch x := x.(type) {
			case Shape:
				in = append(in, g.InputOf(tensor.Float32, string(rune('a'+i)), x))
			case []int:
				in = append(in, g.Int64s(x...))
			}
		}
		y := g.Node(r.op, r.attrs, in...)
		if err := g.Err(); err != nil {
			t.Errorf("%s: %v", r.breaks, err)
			continue
		}
		if got, known := CostOf(y.Producer); !known || got != r.want {
			t.Errorf("%s: %s costs %+v, want %+v", r.breaks, r.op, got, r.want)
		}
	}
}

func TestAnOperandTwiceIsReadOnce(t *testing.T) {
	g := New("square")
	x := g.Input("x", 10)
	if c, _ := CostOf(g.Mul(x, x).Producer); c != (Cost{10, 40, 40}) {
		t.Errorf("%+v", c)
	}
}

func TestCostOfOpenShapesIsUnknown(t *testing.T) {
	g := New("open")
	y := g.Exp(g.Input("x", "batch", 3))
	if c, known := CostOf(y.Producer); known || c != (Cost{}) {
		t.Errorf("%+v, %v", c, known)
	}
	if _, known := CostOf(&Node{Op: "Shoelace"}); known {
		t.Error("an operator that is none has a cost")
	}
}
