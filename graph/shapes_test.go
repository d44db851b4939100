package graph

import (
	"math"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/tensor"
)

// shapeRow is a node and the shape that must follow, or a word of the error. Inputs are shapes as "batch,3,h"; an
// argument of ints is an int64 constant.
type shapeRow struct {
	breaks string // what breaks when the row fails
	op     string
	attrs  Attrs
	inputs []any
	want   string
}

func (r shapeRow) infer(t *testing.T) (string, error) {
	t.Helper()
	g := New("row")
	var in []*Value
	for i, x := range r.inputs {
		switch x := x.(type) {
		case Shape:
			in = append(in, g.InputOf(tensor.Float32, string(rune('a'+i)), x))
		case []int:
			in = append(in, g.Int64s(x...))
		case *tensor.Tensor:
			in = append(in, g.Const(x))
		case nil:
			in = append(in, nil)
		default:
			t.Fatalf("%s: an input is a Shape, ints or a tensor, not %T", r.breaks, x)
		}
	}
	y := g.Node(r.op, r.attrs, in...)
	return strings.ReplaceAll(y.Shape.String(), y.Name, "y"), g.Err()
}

var batchRow = Dims("n", 3, 4)

var shapeRows = []shapeRow{
	{"bias on a batch", "Add", nil, []any{Dims("n", 3), Dims(3)}, "[n,3]"},
	{"two open batches stay apart", "Add", nil, []any{Dims("n", 3), Dims("m", 3)}, "[broadcast(m,n),3]"},
	{"a number decides against a symbol", "Mul", nil, []any{Dims("n", 3), Dims(5, 1)}, "[5,3]"},
	{"a clash is told", "Add", nil, []any{Dims("n", 3), Dims(4)}, "broadcast"},
	{"mixed types are told", "Add", nil, []any{Dims(2), []int{1, 2}}, "one type"},
	{"an extent of 0 stays", "Add", nil, []any{Dims(0, 3), Dims(1, 3)}, "[0,3]"},

	{"a picture for each region", "RoiAlign", Attrs{"output_height": int64(2), "output_width": int64(3)}, []any{Dims("n", 5, 9, 8), Dims("r", 4), []int{0, 0}}, "[r,5,2,3]"},
	{"PyTorch's Linear", "Gemm", Attrs{"transB": int64(1)}, []any{Dims("n", 784), Dims(500, 784), Dims(500)}, "[n,500]"},
	{"inner extents that differ", "Gemm", nil, []any{Dims("n", 784), Dims(500, 784)}, "inner extents"},
	{"a bias of the wrong size", "Gemm", nil, []any{Dims(2, 3), Dims(3, 4), Dims(5)}, "broadcast"},
	{"a batch of matrices by one", "MatMul", nil, []any{Dims("n", "t", 8), Dims(8, 2)}, "[n,t,2]"},
	{"vector by matrix", "MatMul", nil, []any{Dims(8), Dims("n", 8, 2)}, "[n,2]"},
	{"vector by vector", "MatMul", nil, []any{Dims(8), Dims(8)}, "[]"},
	{"a scalar has no product", "MatMul", nil, []any{Dims(), Dims(8)}, "axis"},

	{"keepdims is 1 by default", "ReduceMean", Attrs{"axes": ints64(-1)}, []any{batchRow}, "[n,3,1]"},
	{"dropping axes", "ReduceMax", Attrs{"axes": ints64(0, 2), "keepdims": int64(0)}, []any{batchRow}, "[3]"},
	{"no axes means all", "ReduceSum", Attrs{"keepdims": int64(0)}, []any{batchRow}, "[]"},
	{"empty axes mean none when asked", "ReduceSum", Attrs{"noop_with_empty_axes": int64(1)}, []any{batchRow, []int{}}, "[n,3,4]"},
	{"an axis past the end", "ReduceMean", Attrs{"axes": ints64(3)}, []any{batchRow}, "axis 3"},
	{"an axis twice", "ReduceMean", Attrs{"axes": ints64(1, -2)}, []any{batchRow}, "twice"},

	{"0 copies and -1 takes the rest", "Reshape", nil, []any{batchRow, []int{0, -1}}, "[n,12]"},
	{"flattening an open batch", "Reshape", nil, []any{batchRow, []int{-1, 6}}, "[2*n,6]"},
	{"a target of another size", "Reshape", nil, []any{Dims(2, 3), []int{4, 2}}, "fit"},
	{"a remainder", "Reshape", nil, []any{Dims(2, 3), []int{4, -1}}, "fit"},
	{"two extents to infer", "Reshape", nil, []any{Dims(2, 3), []int{-1, -1}}, "two extents"},
	{"a negative extent", "Reshape", nil, []any{Dims(2, 3), []int{-2, 3}}, "negative"},
	{"0 past the axes there are", "Reshape", nil, []any{Dims(6), []int{2, 0}}, "copies axis"},
	{"allowzero", "Reshape", Attrs{"allowzero": int64(1)}, []any{Dims(0, 3), []int{3, 0}}, "[3,0]"},
	{"an extent to infer beside a 0", "Reshape", nil, []any{Dims(0, 3), []int{0, -1}}, "[0,3]"},
	{"flatten at an axis", "Flatten", Attrs{"axis": int64(2)}, []any{batchRow}, "[3*n,4]"},
	{"flatten at the end", "Flatten", Attrs{"axis": int64(3)}, []any{batchRow}, "[12*n,1]"},
	{"squeeze of an axis", "Squeeze", nil, []any{Dims(1, "n", 1), []int{-1}}, "[1,n]"},
	{"squeeze of an extent that is not 1", "Squeeze", nil, []any{Dims(1, 2), []int{1}}, "extent 2"},
	{"unsqueeze at both ends", "Unsqueeze", nil, []any{Dims("n"), []int{0, -1}}, "[1,n,1]"},
	{"transpose without perm reverses", "Transpose", nil, []any{batchRow}, "[4,3,n]"},
	{"a perm that is none", "Transpose", Attrs{"perm": ints64(0, 0, 1)}, []any{batchRow}, "permutation"},

	{"concat adds extents", "Concat", Attrs{"axis": int64(-1)}, []any{Dims("n", 3), Dims("n", "k")}, "[n,k+3]"},
	{"concat of other extents that differ", "Concat", Attrs{"axis": int64(1)}, []any{Dims(2, 3), Dims(3, 3)}, "differ"},
	{"slice of an open axis from its start", "Slice", nil, []any{Dims("n", 6), []int{0}, []int{math.MaxInt64}, []int{0}}, "[n,6]"},
	{"slice but the last", "Slice", nil, []any{Dims("n", 6), []int{0}, []int{-1}, []int{0}}, "[n-1,6]"},
	{"slice past the end is cut off", "Slice", nil, []any{Dims(4), []int{2}, []int{9}, []int{0}}, "[2]"},
	{"slice with a step", "Slice", nil, []any{Dims(7), []int{1}, []int{7}, []int{0}, []int{3}}, "[2]"},
	{"slice reversed", "Slice", nil, []any{Dims("n", 4), []int{-1}, []int{math.MinInt64}, []int{1}, []int{-1}}, "[n,4]"},
	{"slice reversed along an open axis", "Slice", nil, []any{Dims("n"), []int{-1}, []int{math.MinInt64}, []int{0}, []int{-1}}, "[n]"},
	{"slice that ends before it starts", "Slice", nil, []any{Dims(4), []int{3}, []int{1}, []int{0}}, "[0]"},
	{"slice with step 0", "Slice", nil, []any{Dims(4), []int{0}, []int{1}, []int{0}, []int{0}}, "step 0"},
	{"slice reversed of nothing", "Slice", nil, []any{Dims(0), []int{-1}, []int{math.MinInt64}, []int{0}, []int{-1}}, "[0]"},
	{"slice from the second on", "Slice", nil, []any{Dims("n"), []int{1}, []int{math.MaxInt64}, []int{0}}, "[n-1]"},
	{"slice that symbols leave open", "Slice", nil, []any{Dims("n"), []int{2}, []int{5}, []int{0}}, "[y.0]"},
	{"gather of a scalar drops the axis", "Gather", Attrs{"axis": int64(1)}, []any{batchRow, tensor.Scalar(int64(2))}, "[n,4]"},
	{"gather past the end", "Gather", nil, []any{Dims(3, 2), []int{3}}, "index 3"},
	{"expand keeps what is larger", "Expand", nil, []any{Dims("n", 1), []int{1, 5}}, "[n,5]"},
	{"tile", "Tile", nil, []any{Dims("n", 2), []int{3, 2}}, "[3*n,4]"},
	{"a repeat for each axis", "Tile", nil, []any{Dims("n", 2), []int{3}}, "repeats"},
	{"pads on both sides", "Pad", nil, []any{Dims("n", 2), []int{0, 1, 0, 2}}, "[n,5]"},
	{"pads that cut all", "Pad", nil, []any{Dims(2), []int{-2, -1}}, "extent -1"},

	{"a convolution halves", "Conv", Attrs{"strides": ints64(2, 2), "pads": ints64(1, 1, 1, 1)}, []any{Dims("n", 3, 28, 28), Dims(8, 3, 4, 4)}, "[n,8,14,14]"},
	{"a convolution of open size", "Conv", Attrs{"pads": ints64(1, 1, 1, 1)}, []any{Dims("n", 3, "h", "w"), Dims(8, 3, 3, 3)}, "[n,8,h,w]"},
	{"channels that do not fit", "Conv", nil, []any{Dims("n", 4, 8), Dims(8, 3, 3)}, "channels"},
	{"groups", "Conv", Attrs{"group": int64(2)}, []any{Dims("n", 4, 8), Dims(8, 2, 3)}, "[n,8,6]"},
	{"a kernel larger than the image", "Conv", nil, []any{Dims(1, 1, 2), Dims(1, 1, 5)}, "does not fit"},
	{"a stride of 0", "Conv", Attrs{"strides": ints64(0)}, []any{Dims(1, 1, 8), Dims(1, 1, 3)}, "positive"},
	{"negative pads", "Conv", Attrs{"pads": ints64(-1, 0)}, []any{Dims(1, 1, 8), Dims(1, 1, 3)}, "negative"},
	{"SAME of an open size at stride 1", "Conv", Attrs{"auto_pad": "SAME_UPPER"}, []any{Dims(1, 1, "t"), Dims(1, 1, 3)}, "[1,1,t]"},
	{"SAME at stride 2", "Conv", Attrs{"auto_pad": "SAME_LOWER", "strides": ints64(2)}, []any{Dims(1, 1, 7), Dims(1, 1, 4)}, "[1,1,4]"},
	{"a transposed convolution doubles", "ConvTranspose", Attrs{"strides": ints64(2, 2), "pads": ints64(1, 1, 1, 1)}, []any{Dims("n", 8, 7, "w"), Dims(8, 3, 4, 4)}, "[n,3,14,2*w]"},
	{"output_padding", "ConvTranspose", Attrs{"strides": ints64(2), "pads": ints64(1, 1), "output_padding": ints64(1)}, []any{Dims(1, 2, 4), Dims(2, 3, 3)}, "[1,3,8]"},
	{"output_shape sets the pads", "ConvTranspose", Attrs{"strides": ints64(2), "output_shape": ints64(8)}, []any{Dims(1, 2, 4), Dims(2, 3, 3)}, "[1,3,8]"},
	{"pooling drops the rest", "MaxPool", Attrs{"kernel_shape": ints64(2), "strides": ints64(2)}, []any{Dims("n", 3, 7)}, "[n,3,3]"},
	{"ceil_mode keeps it", "MaxPool", Attrs{"kernel_shape": ints64(2), "strides": ints64(2), "ceil_mode": int64(1)}, []any{Dims("n", 3, 7)}, "[n,3,4]"},
	{"no window of pads alone", "MaxPool", Attrs{"kernel_shape": ints64(2), "strides": ints64(2), "ceil_mode": int64(1), "pads": ints64(1, 1)}, []any{Dims(1, 1, 4)}, "[1,1,3]"},
	{"no kernel_shape", "AveragePool", nil, []any{Dims("n", 3, 7)}, "kernel"},
	{"global pooling", "GlobalAveragePool", nil, []any{Dims("n", 3, "h", "w")}, "[n,3,1,1]"},
	{"pixel shuffle", "DepthToSpace", Attrs{"blocksize": int64(2)}, []any{Dims("n", 12, "h", 5)}, "[n,3,2*h,10]"},
	{"scales of extents that are symbols", "Resize", nil, []any{Dims("n", 3, "h", "w"), nil, tensor.Vector[float32](1, 1, 2, 0.5)}, "[n,3,2*h,floor((w)/(2))]"},
	{"scales round down", "Resize", nil, []any{Dims(5, 10), nil, tensor.Vector[float32](0.5, 0.7)}, "[2,7]"},
	{"sizes", "Resize", nil, []any{Dims("n", 7), nil, nil, tensor.Vector[int64](3, 4)}, "[3,4]"},
	{"no scales and no sizes", "Resize", nil, []any{Dims("n", 7)}, "either scales or sizes"},
	{"a scale for each axis", "Resize", nil, []any{Dims("n", 7), nil, tensor.Vector[float32](2)}, "2 axes"},
	{"a scale of 0", "Resize", nil, []any{Dims("n", 7), nil, tensor.Vector[float32](1, 0)}, "positive"},
	{"something out of nothing", "Resize", nil, []any{Dims(0), nil, nil, tensor.Vector[int64](3)}, "cannot get"},
	{"a mode that is none", "Resize", Attrs{"mode": "area"}, []any{Dims(2), nil, tensor.Vector[float32](2)}, "area"},
	{"channels that are no blocks", "DepthToSpace", Attrs{"blocksize": int64(2)}, []any{Dims(1, 6, 2, 2)}, "blocks"},
	{"a scale per channel", "InstanceNormalization", nil, []any{Dims("n", 3, 4), Dims(2), Dims(3)}, "per channel"},
	{"argmax keeps by default", "ArgMax", Attrs{"axis": int64(-1)}, []any{batchRow}, "[n,3,1]"},
	{"one-hot adds an axis", "OneHot", nil, []any{Dims("n"), tensor.Scalar(int64(10)), tensor.Vector[float32](0, 1)}, "[n,10]"},
	{"an axis past the end of softmax", "Softmax", Attrs{"axis": int64(2)}, []any{Dims(2, 3)}, "axis 2"},
	{"cast to a type elbo does not hold", "Cast", Attrs{"to": int64(99)}, []any{Dims(2)}, "unsupported"},
	{"an operator that is not there", "Frobnicate", nil, []any{Dims(2)}, "unsupported"},
	{"too few inputs", "Add", nil, []any{Dims(2)}, "takes 2"},
}

func TestShapes(t *testing.T) {
	for _, r := range shapeRows {
		got, err := r.infer(t)
		switch shape := strings.HasPrefix(r.want, "["); {
		case err != nil && (shape || !strings.Contains(err.Error(), r.want)):
			t.Errorf("%s: %v, want %s", r.breaks, err, r.want)
		case err == nil && got != r.want:
			t.Errorf("%s: %s, want %s", r.breaks, got, r.want)
		}
	}
}
