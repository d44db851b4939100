package native

import (
	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

func shape(n ...int) []int { return n }

var moveCases = []kernelCase{
	{"vector", "Identity", nil, tensors{vec(1, 2)}, tensors{vec(1, 2)}},
	{"to a column", "Reshape", nil, tensors{vec(1, 2), idx(-1, 1)}, tensors{reals(shape(2, 1), 1, 2)}},
	{"from axis 1", "Flatten", nil, tensors{cube}, tensors{reals(shape(2, 4), 1, 2, 3, 4, 5, 6, 7, 8)}},
	{"axis 1", "Unsqueeze", nil, tensors{vec(1, 2), idx(1)}, tensors{reals(shape(2, 1), 1, 2)}},
	{"axis 1", "Squeeze", nil, tensors{reals(shape(2, 1), 1, 2), idx(1)}, tensors{vec(1, 2)}},
	{"with its mask", "Dropout", nil, tensors{vec(1, 2)}, tensors{vec(1, 2), bools(shape(2), true, true)}},
	{"reversed axes", "Transpose", nil, tensors{grid}, tensors{reals(shape(3, 2), 1, 4, 2, 5, 3, 6)}},
	{"a cycle", "Transpose", graph.Attrs{"perm": []int64{1, 2, 0}}, tensors{cube}, tensors{reals(shape(2, 2, 2), 1, 5, 2, 6, 3, 7, 4, 8)}},
	{"a column to a cube", "Expand", nil, tensors{reals(shape(2, 1), 1, 2), idx(2, 1, 2)}, tensors{reals(shape(2, 2, 2), 1, 1, 2, 2, 1, 1, 2, 2)}},
	{"both axes", "Tile", nil, tensors{reals(shape(1, 2), 1, 2), idx(2, 2)}, tensors{reals(shape(2, 4), 1, 2, 1, 2, 1, 2, 1, 2)}},
	{"rows", "Concat", graph.Attrs{"axis": int64(0)}, tensors{reals(shape(1, 2), 1, 2), reals(shape(2, 2), 3, 4, 5, 6)}, tensors{reals(shape(3, 2), 1, 2, 3, 4, 5, 6)}},
	{"columns", "Concat", graph.Attrs{"axis": int64(-1)}, tensors{reals(shape(2, 1), 1, 2), reals(shape(2, 2), 3, 4, 5, 6)}, tensors{reals(shape(2, 3), 1, 3, 4, 2, 5, 6)}},
	{"uneven columns", "Split", graph.Attrs{"axis": int64(1)}, tensors{grid, idx(1, 2)}, tensors{reals(shape(2, 1), 1, 4), reals(shape(2, 2), 2, 3, 5, 6)}},
	{"even rows", "Split", nil, tensors{grid}, tensors{reals(shape(1, 3), 1, 2, 3), reals(shape(1, 3), 4, 5, 6)}},
	{"two axes", "Slice", nil, tensors{grid, idx(0, 1), idx(1, 3)}, tensors{reals(shape(1, 2), 2, 3)}},
	{"backwards by two", "Slice", nil, tensors{vec(0, 1, 2, 3, 4), idx(-1), idx(-1 << 40), idx(0), idx(-2)}, tensors{vec(4, 2, 0)}},
	{"past the end", "Slice", nil, tensors{vec(0, 1, 2), idx(1), idx(1 << 40), idx(0)}, tensors{vec(1, 2)}},
	{"ones around", "Pad", nil, tensors{reals(shape(1, 2), 3, 4), idx(1, 0, 0, 2), tensor.Scalar(1.0)}, tensors{reals(shape(2, 4), 1, 1, 1, 1, 3, 4, 1, 1)}},
	{"negative pads cut", "Pad", nil, tensors{vec(1, 2, 3, 4), idx(-1, 1)}, tensors{vec(2, 3, 4, 0)}},
	{"negative pads cut at the end", "Pad", nil, tensors{vec(1, 2, 3, 4), idx(1, -2)}, tensors{vec(0, 1, 2)}},
	{"DCR", "DepthToSpace", graph.Attrs{"blocksize": int64(2)}, tensors{reals(shape(1, 8, 1, 1), 0, 1, 2, 3, 4, 5, 6, 7)}, tensors{reals(shape(1, 2, 2, 2), 0, 2, 4, 6, 1, 3, 5, 7)}},
	{"CRD", "DepthToSpace", graph.Attrs{"blocksize": int64(2), "mode": "CRD"}, tensors{reals(shape(1, 8, 1, 1), 0, 1, 2, 3, 4, 5, 6, 7)}, tensors{reals(shape(1, 2, 2, 2), 0, 1, 2, 3, 4, 5, 6, 7)}},
	{"undoes DCR", "SpaceToDepth", graph.Attrs{"blocksize": int64(2)}, tensors{reals(shape(1, 2, 2, 2), 0, 2, 4, 6, 1, 3, 5, 7)}, tensors{reals(shape(1, 8, 1, 1), 0, 1, 2, 3, 4, 5, 6, 7)}},
	{"each pixel four times", "Resize", graph.Attrs{"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
		tensors{reals(shape(1, 1, 1, 2), 1, 2), nil, scales(1, 1, 2, 2)}, tensors{reals(shape(1, 1, 2, 4), 1, 1, 2, 2, 1, 1, 2, 2)}},
	{"integers to sizes, halves to the lower", "Resize", nil, tensors{ints(shape(4), 1, 2, 3, 4), nil, nil, idx(2)}, tensors{ints(shape(2), 1, 3)}},
	{"linear between pixels", "Resize", graph.Attrs{"mode": "linear"},
		tensors{reals(shape(2, 2), 1, 2, 5, 6), nil, scales(2, 2)},
		tensors{reals(shape(4, 4), 1, 1.25, 1.75, 2, 2, 2.25, 2.75, 3, 4, 4.25, 4.75, 5, 5, 5.25, 5.75, 6)}},
	{"linear from corner to corner", "Resize", graph.Attrs{"mode": "linear", "coordinate_transformation_mode": "align_corners"},
		tensors{reals(shape(2), 0, 4), nil, nil, idx(5)}, tensors{reals(shape(5), 0, 1, 2, 3, 4)}},
	{"the middle, and beyond", "Resize", graph.Attrs{"mode": "linear", "coordinate_transformation_mode": "tf_crop_and_resize", "extrapolation_value": float32(9)},
		tensors{reals(shape(3), 0, 4, 8), scales(0.5, 1.5), nil, idx(3)}, tensors{reals(shape(3), 4, 8, 9)}},
	{"cubic, halfway", "Resize", graph.Attrs{"mode": "cubic", "coordinate_transformation_mode": "asymmetric"},
		tensors{reals(shape(4), 0, 1, 0, 0), nil, nil, idx(8)},
		tensors{reals(shape(8), 0, 0.59375, 1, 0.59375, 0, -0.09375, 0, 0)}},
	{"zeros", "ConstantOfShape", nil, tensors{idx(2)}, tensors{wrap([]float32{0, 0}, shape(2))}},
	{"threes", "ConstantOfShape", graph.Attrs{"value": idx(3)}, tensors{idx(2, 1)}, tensors{ints(shape(2, 1), 3, 3)}},
	{"integers", "Range", nil, tensors{tensor.Scalar[int64](1), tensor.Scalar[int64](6), tensor.Scalar[int64](2)}, tensors{idx(1, 3, 5)}},
	{"reals", "Range", nil, tensors{tensor.Scalar(1.0), tensor.Scalar(2.25), tensor.Scalar(0.5)}, tensors{vec(1, 1.5, 2)}},
	{"above the diagonal", "EyeLike", graph.Attrs{"k": int64(1)}, tensors{grid}, tensors{reals(shape(2, 3), 0, 1, 0, 0, 0, 1)}},
	{"upper", "Trilu", nil, tensors{grid}, tensors{reals(shape(2, 3), 1, 2, 3, 0, 5, 6)}},
	{"lower, from below", "Trilu", graph.Attrs{"upper": int64(0)}, tensors{grid, tensor.Scalar[int64](-1)}, tensors{reals(shape(2, 3), 0, 0, 0, 4, 0, 0)}},
}

var indexCases = []kernelCase{
	{"rows, one from the end", "Gather", nil, tensors{grid, idx(-1, 0, 1)}, tensors{reals(shape(3, 3), 4, 5, 6, 1, 2, 3, 4, 5, 6)}},
	{"a column", "Gather", graph.Attrs{"axis": int64(1)}, tensors{grid, tensor.Scalar[int64](1)}, tensors{vec(2, 5)}},
	{"columns of a row each", "GatherElements", graph.Attrs{"axis": int64(1)}, tensors{grid, ints(shape(2, 2), 0, -1, 1, 1)}, tensors{reals(shape(2, 2), 1, 3, 5, 5)}},
	{"replaces", "ScatterElements", graph.Attrs{"axis": int64(1)}, tensors{grid, ints(shape(2, 1), 2, 0), reals(shape(2, 1), 9, 8)}, tensors{reals(shape(2, 3), 1, 2, 9, 8, 5, 6)}},
	{"adds what meets", "ScatterElements", graph.Attrs{"reduction": "add"}, tensors{vec(1, 2, 3), idx(1, 1, -1), vec(10, 20, 5)}, tensors{vec(1, 32, 8)}},
	{"multiplies", "ScatterElements", graph.Attrs{"reduction": "mul"}, tensors{vec(1, 2, 3), idx(1, 1), vec(10, 20)}, tensors{vec(1, 400, 3)}},
	{"first of equals", "ArgMax", graph.Attrs{"axis": int64(1), "keepdims": int64(0)}, tensors{reals(shape(2, 3), 1, 7, 7, 9, 2, 9)}, tensors{idx(1, 0)}},
	{"last of equals", "ArgMax", graph.Attrs{"axis": int64(1), "keepdims": int64(0), "select_last_index": int64(1)}, tensors{reals(shape(2, 3), 1, 7, 7, 9, 2, 9)}, tensors{idx(2, 2)}},
	{"columns", "ArgMin", graph.Attrs{"axis": int64(0)}, tensors{reals(shape(2, 3), 1, 7, 7, 9, 2, 9)}, tensors{ints(shape(1, 3), 0, 1, 0)}},
	{"last axis", "OneHot", nil, tensors{idx(0, 2, -1, 7), idx(3), vec(0, 5)}, tensors{reals(shape(4, 3), 5, 0, 0, 0, 0, 5, 0, 0, 5, 0, 0, 0)}},
	{"first axis", "OneHot", graph.Attrs{"axis": int64(0)}, tensors{idx(0, 1), idx(2), vec(0, 1)}, tensors{reals(shape(2, 2), 1, 0, 0, 1)}},
	{"rows", "CumSum", nil, tensors{grid, tensor.Scalar[int64](1)}, tensors{reals(shape(2, 3), 1, 3, 6, 4, 9, 15)}},
	{"exclusive, from the end, columns", "CumSum", graph.Attrs{"exclusive": int64(1), "reverse": int64(1)}, tensors{grid, tensor.Scalar[int64](0)}, tensors{reals(shape(2, 3), 4, 5, 6, 0, 0, 0)}},
}

// scales are float32s whatever the type of the other operands.
func scales(v ...float32) *tensor.Tensor { return tensor.Vector(v...) }
