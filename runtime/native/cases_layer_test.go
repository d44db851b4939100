package native

import (
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// ramp is 1, 2, 3, ... in the given shape.
func ramp(dims ...int) []float64 {
	n := 1
	for _, d := range dims {
		n *= d
	}
	v := make([]float64, n)
	for i := range v {
		v[i] = float64(i + 1)
	}
	return v
}

var root = math.Sqrt(1 + float64(float32(1e-5)))

var layerCases = []kernelCase{
	{"row of biases", "Gemm", graph.Attrs{"transB": int64(1)}, tensors{reals(shape(1, 2), 1, 2), reals(shape(3, 2), 1, 2, 3, 4, 5, 6), vec(1, 1, 1)}, tensors{reals(shape(1, 3), 6, 12, 18)}},
	{"one column, and one bias", "Gemm", nil, tensors{reals(shape(1, 2), 1, 2), reals(shape(2, 1), 5, 7), reals(shape(), 3)}, tensors{reals(shape(1, 1), 22)}},
	{"scaled, with a column of biases", "Gemm", graph.Attrs{"alpha": float32(2), "beta": float32(3), "transA": int64(1)}, tensors{reals(shape(1, 2), 1, 2), reals(shape(1, 2), 5, 7), reals(shape(2, 1), 1, 2)}, tensors{reals(shape(2, 2), 13, 17, 26, 34)}},
	{"matrices", "MatMul", nil, tensors{grid, reals(shape(3, 1), 1, 1, 1)}, tensors{reals(shape(2, 1), 6, 15)}},
	{"vectors", "MatMul", nil, tensors{vec(1, 2, 3), vec(4, 5, 6)}, tensors{tensor.Scalar(32.0)}},
	{"vector by matrix", "MatMul", nil, tensors{vec(1, 1), grid}, tensors{vec(5, 7, 9)}},
	{"one matrix for all batches", "MatMul", nil, tensors{cube, reals(shape(2, 1), 1, 10)}, tensors{reals(shape(2, 2, 1), 21, 43, 65, 87)}},
	{"batch by batch, one side repeated", "MatMul", nil, tensors{reals(shape(1, 1, 2), 1, 10), cube}, tensors{reals(shape(2, 1, 2), 31, 42, 75, 86)}},
	{"rows", "Softmax", nil, tensors{reals(shape(2, 2), 0, math.Log(3), 1000, 1000)}, tensors{reals(shape(2, 2), 0.25, 0.75, 0.5, 0.5)}},
	{"columns", "Softmax", graph.Attrs{"axis": int64(0)}, tensors{reals(shape(2, 2), 0, 5, math.Log(3), 5)}, tensors{reals(shape(2, 2), 0.25, 0.5, 0.75, 0.5)}},
	{"rows", "LogSoftmax", nil, tensors{reals(shape(2, 2), 0, math.Log(3), 1000, 1000)}, tensors{reals(shape(2, 2), math.Log(0.25), math.Log(0.75), -math.Ln2, -math.Ln2)}},
	{"valid", "Conv", nil, tensors{reals(shape(1, 1, 3, 3), ramp(9)...), reals(shape(1, 1, 2, 2), 1, 0, 0, 1), vec(0.5)}, tensors{reals(shape(1, 1, 2, 2), 6.5, 8.5, 12.5, 14.5)}},
	{"padded, strided", "Conv", graph.Attrs{"pads": []int64{1, 1, 1, 1}, "strides": []int64{2, 2}}, tensors{reals(shape(1, 1, 3, 3), ramp(9)...), reals(shape(1, 1, 3, 3), 1, 1, 1, 1, 1, 1, 1, 1, 1)}, tensors{reals(shape(1, 1, 2, 2), 12, 16, 24, 28)}},
	{"groups of a line, dilated", "Conv", graph.Attrs{"group": int64(2), "dilations": []int64{2}}, tensors{reals(shape(1, 2, 3), ramp(6)...), reals(shape(2, 1, 2), 1, 1, 1, -1)}, tensors{reals(shape(1, 2, 1), 4, -2)}},
	{"same upper", "Conv", graph.Attrs{"auto_pad": "SAME_UPPER"}, tensors{reals(shape(1, 1, 3), 1, 2, 3), reals(shape(1, 1, 2), 1, 10)}, tensors{reals(shape(1, 1, 3), 21, 32, 3)}},
	{"strided, with output padding", "ConvTranspose", graph.Attrs{"strides": []int64{2}, "output_padding": []int64{1}}, tensors{reals(shape(1, 1, 2), 1, 2), reals(shape(1, 1, 2), 1, 10), vec(1)}, tensors{reals(shape(1, 1, 5), 2, 11, 3, 21, 1)}},
	{"padded plane", "ConvTranspose", graph.Attrs{"pads": []int64{1, 1, 1, 1}}, tensors{reals(shape(1, 1, 2, 2), 1, 2, 3, 4), reals(shape(1, 1, 3, 3), 1, 1, 1, 1, 1, 1, 1, 1, 1)}, tensors{reals(shape(1, 1, 2, 2), 10, 10, 10, 10)}},
	{"with indices", "MaxPool", graph.Attrs{"kernel_shape": []int64{2, 2}, "strides": []int64{1, 1}}, tensors{reals(shape(1, 2, 2, 3), 1, 2, 3, 6, 5, 4, -1, -2, -3, -6, -5, -4)}, tensors{reals(shape(1, 2, 1, 2), 6, 5, -1, -2), ints(shape(1, 2, 1, 2), 3, 4, 6, 7)}},
	{"padded", "MaxPool", graph.Attrs{"kernel_shape": []int64{2}, "strides": []int64{2}, "pads": []int64{1, 1}}, tensors{reals(shape(1, 1, 3), -1, -2, -3)}, tensors{reals(shape(1, 1, 2), -1, -2)}},
	{"ceil mode", "MaxPool", graph.Attrs{"kernel_shape": []int64{2}, "strides": []int64{2}, "ceil_mode": int64(1)}, tensors{reals(shape(1, 1, 3), 1, 2, 3)}, tensors{reals(shape(1, 1, 2), 2, 3)}},
	{"pads left out", "AveragePool", graph.Attrs{"kernel_shape": []int64{2}, "pads": []int64{1, 1}}, tensors{reals(shape(1, 1, 2), 2, 4)}, tensors{reals(shape(1, 1, 3), 2, 3, 4)}},
	{"pads counted", "AveragePool", graph.Attrs{"kernel_shape": []int64{2}, "pads": []int64{1, 1}, "count_include_pad": int64(1)}, tensors{reals(shape(1, 1, 2), 2, 4)}, tensors{reals(shape(1, 1, 3), 1, 3, 2)}},
	{"plane", "GlobalAveragePool", nil, tensors{reals(shape(1, 2, 1, 2), 1, 3, 5, 9)}, tensors{reals(shape(1, 2, 1, 1), 2, 7)}},
	{"plane", "GlobalMaxPool", nil, tensors{reals(shape(1, 2, 1, 2), 1, 3, 5, 9)}, tensors{reals(shape(1, 2, 1, 1), 3, 9)}},
	{"inference", "BatchNormalization", graph.Attrs{"epsilon": float32(0)}, tensors{reals(shape(1, 2, 2), 1, 3, 5, 9), vec(1, 2), vec(0, 1), vec(2, 7), vec(1, 4)}, tensors{reals(shape(1, 2, 2), -1, 1, -1, 3)}},
	{"training, with running statistics", "BatchNormalization", graph.Attrs{"epsilon": float32(0), "training_mode": int64(1), "momentum": float32(0.75)},
		tensors{reals(shape(2, 1), 1, 3), vec(2), vec(5), vec(10), vec(3)}, tensors{reals(shape(2, 1), 3, 7), vec(8), vec(2.5)}},
	{"each channel apart", "InstanceNormalization", nil, tensors{reals(shape(1, 2, 2), 1, 3, 5, 7), vec(1, 2), vec(0, 1)}, tensors{reals(shape(1, 2, 2), -1/root, 1/root, 1-2/root, 1+2/root)}},
	{"with statistics", "LayerNormalization", graph.Attrs{"epsilon": float32(0)}, tensors{reals(shape(2, 2), 1, 3, 5, 9), vec(1, 2), vec(0, 1)}, tensors{reals(shape(2, 2), -1, 3, -1, 3), reals(shape(2, 1), 2, 7), reals(shape(2, 1), 1, 0.5)}},
}
