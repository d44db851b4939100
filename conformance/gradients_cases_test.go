package conformance

import (
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// operand is an input of a gradient case: its shape and where its values lie. The extents of a fixed operand stay
// numbers where the case runs with symbols: kernels of convolutions.
type operand struct {
	shape  []int
	lo, hi float64
	fixed  bool
	values []float64 // instead of random ones
}

func real(shape ...int) operand     { return operand{shape: shape, lo: -1.5, hi: 1.5} }
func positive(shape ...int) operand { return operand{shape: shape, lo: 0.3, hi: 2} }
func weights(shape ...int) operand  { return operand{shape: shape, lo: -1, hi: 1, fixed: true} }
func fixed(values []float64, shape ...int) operand {
	return operand{shape: shape, values: values, fixed: true}
}

// gradientCase is a formula whose gradient with respect to each operand is held against central differences.
type gradientCase struct {
	name     string
	operands []operand
	build    func(g *graph.Graph, x []*graph.Value) *graph.Value
}

// refusedByORT are the cases whose forward node ONNX Runtime 1.30 does not run, and what it says.
var refusedByORT = map[string]string{
	"ConvTranspose with output padding past the stride": "output_padding (1) may be too large for stride (1)",
}

type attrs = graph.Attrs

func int64s(v ...int64) []int64 { return v }

// node is a case of one node whose inputs are the operands.
func node(op string, a attrs) func(g *graph.Graph, x []*graph.Value) *graph.Value {
	return func(g *graph.Graph, x []*graph.Value) *graph.Value { return g.Node(op, a, x...) }
}

// resized is a case of Resize by constant scales.
func resized(mode, coordinates, nearest string, scales ...float32) func(g *graph.Graph, x []*graph.Value) *graph.Value {
	a := attrs{"mode": mode, "coordinate_transformation_mode": coordinates}
	if nearest != "" {
		a["nearest_mode"] = nearest
	}
	return func(g *graph.Graph, x []*graph.Value) *graph.Value {
		return g.Node("Resize", a, x[0], nil, g.Const(tensor.Vector(scales...)))
	}
}

// nodeWith is node with constant inputs after the operands.
func nodeWith(op string, a attrs, consts ...*tensor.Tensor) func(g *graph.Graph, x []*graph.Value) *graph.Value {
	return func(g *graph.Graph, x []*graph.Value) *graph.Value {
		for _, t := range consts {
			x = append(x, g.Const(t))
		}
		return g.Node(op, a, x...)
	}
}

func unaryCase(op string, x operand) gradientCase {
	return gradientCase{op, []operand{x}, node(op, nil)}
}

func vec(v ...int64) *tensor.Tensor { return tensor.Vector(v...) }

func index(shape []int, v ...int64) *tensor.Tensor {
	t, err := tensor.Wrap(v, shape...)
	if err != nil {
		panic(err)
	}
	return t
}

var elementwiseGradients = []gradientCase{
	unaryCase("Neg", real(2, 3)), unaryCase("Abs", real(2, 3)), unaryCase("Sqrt", positive(2, 3)),
	unaryCase("Exp", real(2, 3)), unaryCase("Log", positive(2, 3)), unaryCase("Reciprocal", positive(2, 3)),
	unaryCase("Sin", real(2, 3)), unaryCase("Cos", real(2, 3)), unaryCase("Erf", real(2, 3)),
	unaryCase("Identity", real(2, 3)), unaryCase("Dropout", real(2, 3)),
	unaryCase("Tan", operand{shape: []int{2, 3}, lo: -1, hi: 1}), unaryCase("Asin", operand{shape: []int{2, 3}, lo: -0.8, hi: 0.8}),
	unaryCase("Acos", operand{shape: []int{2, 3}, lo: -0.8, hi: 0.8}), unaryCase("Atan", real(2, 3)), unaryCase("Sinh", real(2, 3)),
	unaryCase("Cosh", real(2, 3)), unaryCase("Asinh", real(2, 3)), unaryCase("Acosh", operand{shape: []int{2, 3}, lo: 1.3, hi: 3}),
	unaryCase("Atanh", operand{shape: []int{2, 3}, lo: -0.8, hi: 0.8}),
	{"TopK", []operand{real(3, 5)}, func(g *graph.Graph, x []*graph.Value) *graph.Value {
		return g.NodeN("TopK", 2, nil, x[0], g.Int64s(2))[0]
	}},
	{"Mod of reals", []operand{fixed([]float64{5.5, -5.5, 1.25}, 3), fixed([]float64{2, 1.5}, 2, 1)}, node("Mod", attrs{"fmod": int64(1)})},
	unaryCase("Tanh", real(2, 3)), unaryCase("Sigmoid", real(2, 3)), unaryCase("Softplus", real(2, 3)),
	unaryCase("Softsign", real(2, 3)), unaryCase("Relu", real(2, 3)),
	{"ThresholdedRelu", []operand{real(4, 4)}, node("ThresholdedRelu", attrs{"alpha": float32(0.5)})},
	{"LeakyRelu", []operand{real(2, 3)}, node("LeakyRelu", attrs{"alpha": float32(0.2)})},
	{"Elu", []operand{real(2, 3)}, node("Elu", attrs{"alpha": float32(0.7)})},
	{"Celu", []operand{real(2, 3)}, node("Celu", attrs{"alpha": float32(0.7)})},
	{"Selu", []operand{real(2, 3)}, node("Selu", nil)},
	{"HardSigmoid saturates", []operand{{shape: []int{4, 4}, lo: -4, hi: 4}}, node("HardSigmoid", nil)},
	{"HardSwish saturates", []operand{{shape: []int{4, 4}, lo: -5, hi: 5}}, node("HardSwish", nil)},
	{"PRelu with a slope per channel", []operand{real(2, 3, 4), real(3, 1)}, node("PRelu", nil)},
	{"Clip by constants", []operand{real(4, 4)}, func(g *graph.Graph, x []*graph.Value) *graph.Value { return g.Clip(x[0], -0.5, 0.7) }},
	{"Clip has a gradient for its bounds", []operand{real(4, 4), fixed([]float64{-0.4}), fixed([]float64{0.6})}, node("Clip", nil)},

	{"Add of one shape", []operand{real(2, 3), real(2, 3)}, node("Add", nil)},
	{"Add stretches the last axis", []operand{real(2, 3), real(2, 1)}, node("Add", nil)},
	{"Add of a bias", []operand{real(2, 3), real(3)}, node("Add", nil)},
	{"Add of a scalar", []operand{real(2, 3), real()}, node("Add", nil)},
	{"Sub stretches both", []operand{real(2, 1, 3), real(4, 1)}, node("Sub", nil)},
	{"Mul stretches both", []operand{real(1, 3), real(2, 1)}, node("Mul", nil)},
	{"Div stretches both", []operand{real(1, 3), positive(2, 1)}, node("Div", nil)},
	{"a value used twice", []operand{real(2, 3)}, func(g *graph.Graph, x []*graph.Value) *graph.Value { return g.Mul(x[0], g.Add(x[0], x[0])) }},
	{"Pow of both operands", []operand{positive(2, 3), real(3)}, node("Pow", nil)},
	{"Pow by a constant", []operand{real(2, 3)}, nodeWith("Pow", nil, tensor.Scalar(3.0))},
	{"Pow by an integer", []operand{real(2, 3)}, nodeWith("Pow", nil, tensor.Scalar(int64(2)))},
	{"Max of three", []operand{real(2, 3), real(3), real(2, 1)}, node("Max", nil)},
	{"Min of two", []operand{real(2, 3), real(3)}, node("Min", nil)},
	{"Where stretches its branches", []operand{real(2, 3), real(3), real(2, 1)}, func(g *graph.Graph, x []*graph.Value) *graph.Value {
		return g.Where(g.Greater(x[0], g.Scalar(0, x[0])), g.Mul(x[0], x[1]), x[2])
	}},
	{"Cast to float64", []operand{real(2, 3)}, func(g *graph.Graph, x []*graph.Value) *graph.Value {
		return g.Exp(g.Node("Cast", attrs{"to": int64(tensor.Float64)}, x[0]))
	}},
	{"CastLike", []operand{real(2, 3), real(1)}, func(g *graph.Graph, x []*graph.Value) *graph.Value {
		return g.Mul(g.Exp(g.Node("CastLike", nil, x[0], x[1])), x[1])
	}},
}

var productGradients = []gradientCase{
	{"Gemm", []operand{real(2, 3), real(3, 4), real(4)}, node("Gemm", nil)},
	{"Gemm transposed and scaled", []operand{real(3, 2), real(4, 3), real(2, 1)},
		node("Gemm", attrs{"transA": int64(1), "transB": int64(1), "alpha": float32(0.5), "beta": float32(2)})},
	{"Gemm with A transposed", []operand{real(3, 2), real(3, 4)}, node("Gemm", attrs{"transA": int64(1)})},
	{"MatMul of matrices", []operand{real(2, 3), real(3, 4)}, node("MatMul", nil)},
	{"MatMul of rows by a matrix", []operand{real(2, 3, 4), real(4, 2)}, node("MatMul", nil)},
	{"MatMul broadcasts the batch", []operand{real(2, 1, 3, 2), real(3, 2, 4)}, node("MatMul", nil)},
	{"MatMul of a vector on the left", []operand{real(3), real(2, 3, 4)}, node("MatMul", nil)},
	{"MatMul of a vector on the right", []operand{real(2, 4, 3), real(3)}, node("MatMul", nil)},
	{"MatMul of two vectors", []operand{real(3), real(3)}, node("MatMul", nil)},
}

func reduceGradients() []gradientCase {
	var out []gradientCase
	for _, op := range []string{"ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceLogSumExp", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum"} {
		out = append(out,
			gradientCase{op + " of one axis, dropped", []operand{positive(2, 3, 2)}, node(op, attrs{"axes": int64s(-2), "keepdims": int64(0)})},
			gradientCase{op + " of two axes, kept", []operand{positive(2, 3, 2)}, node(op, attrs{"axes": int64s(0, 2)})},
			gradientCase{op + " of all", []operand{positive(2, 3)}, node(op, attrs{"keepdims": int64(0)})})
	}
	return append(out,
		gradientCase{"ReduceSum of one axis, dropped", []operand{real(2, 3)}, nodeWith("ReduceSum", attrs{"keepdims": int64(0)}, vec(1))},
		gradientCase{"ReduceSum of all", []operand{real(2, 3)}, node("ReduceSum", nil)},
		gradientCase{"ReduceSum of nothing", []operand{real(2, 3)}, node("ReduceSum", attrs{"noop_with_empty_axes": int64(1)})},
		gradientCase{"ReduceProd past one zero", []operand{fixed([]float64{0.5, 0, -1.5, 2, 3, 0.25}, 2, 3)}, node("ReduceProd", attrs{"axes": int64s(1)})},
		gradientCase{"CumSum", []operand{real(2, 3)}, nodeWith("CumSum", nil, tensor.Scalar(int64(1)))},
		gradientCase{"CumSum reversed and exclusive", []operand{real(3, 2)}, nodeWith("CumSum", attrs{"reverse": int64(1), "exclusive": int64(1)}, tensor.Scalar(int64(0)))},
		gradientCase{"Softmax", []operand{real(2, 3, 2)}, node("Softmax", attrs{"axis": int64(1)})},
		gradientCase{"LogSoftmax", []operand{real(2, 3)}, node("LogSoftmax", nil)},
	)
}

func first(outputs int, op string, a attrs) func(g *graph.Graph, x []*graph.Value) *graph.Value {
	return func(g *graph.Graph, x []*graph.Value) *graph.Value { return g.NodeN(op, outputs, a, x...)[0] }
}

var layoutGradients = []gradientCase{
	{"Reshape", []operand{real(2, 3, 2)}, nodeWith("Reshape", nil, vec(0, -1))},
	{"Flatten", []operand{real(2, 3, 2)}, node("Flatten", attrs{"axis": int64(2)})},
	{"Squeeze", []operand{fixed([]float64{1, 2, 3}, 1, 3, 1)}, nodeWith("Squeeze", nil, vec(-1))},
	{"Unsqueeze", []operand{real(2, 3)}, nodeWith("Unsqueeze", nil, vec(0, 3))},
	{"Transpose", []operand{real(2, 3, 4)}, node("Transpose", attrs{"perm": int64s(2, 0, 1)})},
	{"Concat", []operand{real(2, 3), real(2, 2)}, node("Concat", attrs{"axis": int64(1)})},
	{"Split, one part unused", []operand{real(2, 5)}, func(g *graph.Graph, x []*graph.Value) *graph.Value {
		p := g.NodeN("Split", 3, attrs{"axis": int64(1)}, x[0], g.Int64s(2, 2, 1))
		return g.Mul(p[0], g.Exp(p[1]))
	}},
	{"Slice from the middle", []operand{real(5, 4)}, nodeWith("Slice", nil, vec(1, -3), vec(4, -1), vec(0, 1))},
	{"Slice from the start to far away", []operand{real(5, 4)}, nodeWith("Slice", nil, vec(2), vec(math.MaxInt64), vec(0))},
	{"Slice with a step", []operand{real(6, 2)}, nodeWith("Slice", nil, vec(1), vec(6), vec(0), vec(2))},
	{"Slice reverses", []operand{real(2, 4)}, nodeWith("Slice", nil, vec(-1), vec(math.MinInt64), vec(1), vec(-1))},
	{"Slice backwards by two", []operand{real(2, 6)}, nodeWith("Slice", nil, vec(4), vec(0), vec(1), vec(-2))},
	{"Gather of rows, one twice", []operand{real(4, 3)}, nodeWith("Gather", nil, index([]int{2, 2}, 1, 3, 1, -4))},
	{"Gather of one column", []operand{real(2, 4, 2)}, nodeWith("Gather", attrs{"axis": int64(1)}, tensor.Scalar(int64(2)))},
	{"GatherElements", []operand{real(3, 3)}, nodeWith("GatherElements", attrs{"axis": int64(1)}, index([]int{3, 2}, 0, 0, 2, 1, 1, 2))},
	{"ScatterElements replaces", []operand{real(3, 3), real(3, 1)}, func(g *graph.Graph, x []*graph.Value) *graph.Value {
		return g.Node("ScatterElements", attrs{"axis": int64(1)}, x[0], g.Const(index([]int{3, 1}, 0, 2, 1)), x[1])
	}},
	{"ScatterElements adds", []operand{real(3, 3), real(2, 3)}, func(g *graph.Graph, x []*graph.Value) *graph.Value {
		return g.Node("ScatterElements", attrs{"reduction": "add"}, x[0], g.Const(index([]int{2, 3}, 0, 2, 1, 0, 2, 0)), x[1])
	}},
	{"Expand", []operand{real(2, 1)}, nodeWith("Expand", nil, vec(3, 1, 4))},
	{"Tile", []operand{real(2, 3)}, nodeWith("Tile", nil, vec(2, 3))},
	{"Pad", []operand{real(2, 3)}, nodeWith("Pad", nil, vec(0, 1, 2, 0))},
	{"Pad cuts", []operand{real(3, 4)}, nodeWith("Pad", nil, vec(-1, 1, 0, -2))},
	{"Pad has a gradient for its value", []operand{real(2, 3), fixed([]float64{0.3})}, func(g *graph.Graph, x []*graph.Value) *graph.Value {
		return g.Node("Pad", nil, x[0], g.Int64s(0, 1, 1, 0), x[1])
	}},
	{"DepthToSpace DCR", []operand{real(1, 8, 2, 1)}, node("DepthToSpace", attrs{"blocksize": int64(2)})},
	{"DepthToSpace CRD", []operand{real(2, 4, 1, 2)}, node("DepthToSpace", attrs{"blocksize": int64(2), "mode": "CRD"})},
	{"SpaceToDepth", []operand{real(1, 2, 4, 2)}, node("SpaceToDepth", attrs{"blocksize": int64(2)})},
	{"Resize, nearest", []operand{real(2, 2, 3, 2)}, resized("nearest", "asymmetric", "floor", 1, 1, 2, 3)},
	{"Resize, linear between pixels", []operand{real(1, 2, 3, 4)}, resized("linear", "half_pixel", "", 1, 1, 2, 1.5)},
	{"Resize, linear from corner to corner", []operand{real(1, 1, 4, 3)}, resized("linear", "align_corners", "", 1, 1, 0.5, 2)},
	{"Resize, cubic", []operand{real(1, 1, 4, 4)}, resized("cubic", "half_pixel", "", 1, 1, 2, 0.75)},
	{"Resize along one axis", []operand{real(2, 2, 5)}, resized("linear", "half_pixel", "", 1, 1, 1.6)},
	{"Resize along three axes", []operand{real(1, 1, 2, 3, 2)}, resized("linear", "half_pixel", "", 1, 1, 2, 2, 1.5)},
	{"Resize to sizes", []operand{real(1, 2, 3, 4)}, func(g *graph.Graph, x []*graph.Value) *graph.Value {
		return g.Node("Resize", attrs{"mode": "linear"}, x[0], nil, nil, g.Concat(0, g.Node("Shape", attrs{"end": int64(2)}, x[0]), g.Int64s(5, 2)))
	}},
	{"Resize of a part", []operand{real(1, 1, 4, 4)}, func(g *graph.Graph, x []*graph.Value) *graph.Value {
		roi := g.Const(tensor.Vector[float32](0, 0, 0.2, 0.4, 1, 1, 0.7, 1.3))
		return g.Node("Resize", attrs{"mode": "linear", "coordinate_transformation_mode": "tf_crop_and_resize", "extrapolation_value": float32(7)},
			x[0], roi, g.Const(tensor.Vector[float32](1, 1, 0.75, 1.25)))
	}},
	{"OneHot of values that are computed", []operand{fixed([]float64{-0.5, 1.25}, 2)}, func(g *graph.Graph, x []*graph.Value) *graph.Value {
		return g.Node("OneHot", attrs{"axis": int64(0)}, g.Const(tensor.Vector[int64](1, 0, -1, 7)), g.Const(tensor.Scalar(int64(3))), g.Tanh(x[0]))
	}},
	{"Trilu", []operand{real(3, 3)}, node("Trilu", attrs{"upper": int64(0)})},
	{"an empty batch through a layer", []operand{real(0, 3), weights(4, 3), weights(4)}, func(g *graph.Graph, x []*graph.Value) *graph.Value {
		return g.Tanh(g.Linear(x[0], x[1], x[2]))
	}},
	{"an empty batch by a row", []operand{real(0, 3), real(3)}, node("Mul", nil)},
	{"an empty batch, flattened", []operand{real(0, 3, 2)}, node("Flatten", nil)},
	{"a shape has no gradient", []operand{real(2, 3)}, func(g *graph.Graph, x []*graph.Value) *graph.Value {
		return g.Div(x[0], g.Cast(g.Size(x[0]), x[0].DType))
	}},
}

var convGradients = []gradientCase{
	{"Conv", []operand{real(2, 2, 5, 4), weights(3, 2, 3, 2), weights(3)}, node("Conv", attrs{"pads": int64s(1, 0, 1, 1)})},
	{"Conv 1-D", []operand{real(2, 2, 6), weights(3, 2, 3)}, node("Conv", nil)},
	{"Conv with a stride that leaves a rest", []operand{real(1, 2, 6, 7), weights(2, 2, 3, 2)}, node("Conv", attrs{"strides": int64s(2, 3)})},
	{"Conv with stride, dilation, groups and uneven pads", []operand{real(2, 4, 8, 7), weights(6, 2, 2, 3)},
		node("Conv", attrs{"strides": int64s(3, 2), "dilations": int64s(2, 1), "pads": int64s(1, 2, 0, 1), "group": int64(2)})},
	{"Conv depthwise", []operand{real(2, 3, 5), weights(3, 1, 2)}, node("Conv", attrs{"group": int64(3), "strides": int64s(2)})},
	{"Conv SAME_UPPER", []operand{{shape: []int{1, 2, 5, 5}, lo: -1, hi: 1, fixed: true}, weights(2, 2, 2, 2)}, node("Conv", attrs{"auto_pad": "SAME_UPPER", "strides": int64s(2, 1)})},
	{"ConvTranspose", []operand{real(2, 2, 3, 2), weights(2, 3, 3, 2), weights(3)}, node("ConvTranspose", attrs{"strides": int64s(2, 1), "pads": int64s(1, 0, 0, 1), "output_padding": int64s(1, 0)})},
	{"ConvTranspose 1-D with groups", []operand{real(2, 4, 3), weights(4, 1, 3)}, node("ConvTranspose", attrs{"strides": int64s(2), "group": int64(2)})},
	{"ConvTranspose with output padding past the stride", []operand{real(1, 1, 4), weights(1, 2, 3)}, node("ConvTranspose", attrs{"strides": int64s(1), "dilations": int64s(2), "output_padding": int64s(1)})},
	{"MaxPool", []operand{real(2, 2, 4, 5)}, node("MaxPool", attrs{"kernel_shape": int64s(2, 3), "strides": int64s(2, 1), "pads": int64s(0, 1, 0, 1)})},
	{"MaxPool with overlap", []operand{real(1, 2, 6)}, node("MaxPool", attrs{"kernel_shape": int64s(3), "strides": int64s(1)})},
	{"AveragePool", []operand{real(2, 2, 5, 4)}, node("AveragePool", attrs{"kernel_shape": int64s(2, 2), "strides": int64s(2, 2)})},
	{"AveragePool counts only what lies inside", []operand{real(1, 2, 4, 4)}, node("AveragePool", attrs{"kernel_shape": int64s(3, 2), "strides": int64s(1, 2), "pads": int64s(1, 1, 1, 0)})},
	{"AveragePool counts its pads", []operand{real(1, 2, 4)}, node("AveragePool", attrs{"kernel_shape": int64s(3), "pads": int64s(1, 1), "count_include_pad": int64(1)})},
	{"GlobalAveragePool", []operand{real(2, 2, 3, 2)}, node("GlobalAveragePool", nil)},
	{"GlobalMaxPool", []operand{real(2, 2, 3, 2)}, node("GlobalMaxPool", nil)},
}

var normGradients = []gradientCase{
	{"BatchNormalization", []operand{real(3, 2, 2), weights(2), weights(2), weights(2), {shape: []int{2}, lo: 0.5, hi: 1.5, fixed: true}}, node("BatchNormalization", attrs{"epsilon": float32(0.01)})},
	{"BatchNormalization in training", []operand{real(3, 2, 2), weights(2), weights(2)}, func(g *graph.Graph, x []*graph.Value) *graph.Value {
		mean, variance := g.Const(tensor.Vector(0.0, 0)), g.Const(tensor.Vector(1.0, 1))
		if x[0].DType == tensor.Float32 {
			mean, variance = g.Const(tensor.Vector[float32](0, 0)), g.Const(tensor.Vector[float32](1, 1))
		}
		return g.NodeN("BatchNormalization", 3, attrs{"training_mode": int64(1)}, append(x, mean, variance)...)[0]
	}},
	{"InstanceNormalization", []operand{real(2, 2, 3, 2), weights(2), weights(2)}, node("InstanceNormalization", nil)},
	{"LayerNormalization", []operand{real(2, 3, 2), real(3, 2), real(3, 2)}, first(1, "LayerNormalization", attrs{"axis": int64(1)})},
	{"LayerNormalization without bias", []operand{real(2, 4), real(4)}, first(1, "LayerNormalization", nil)},
}

// walked is s' = tanh(s w + x) along the rows x of the second operand, each s' stacked along axis 1.
func walked(back int64) func(g *graph.Graph, x []*graph.Value) *graph.Value {
	return func(g *graph.Graph, x []*graph.Value) *graph.Value {
		body := graph.New("step")
		s, row := body.InputOf(x[0].DType, "s", x[0].Shape), body.InputOf(x[1].DType, "row", x[1].Shape[1:])
		next := body.Tanh(body.Add(body.MatMul(s, body.Reads(x[2])), row))
		body.Output("next", next)
		body.Output("seen", next)
		g.Fail(body.Err())
		return g.NodeN("Scan", 2, attrs{"body": body, "num_scan_inputs": int64(1), "scan_input_directions": int64s(back), "scan_output_axes": int64s(1)}, x...)[1]
	}
}

var bodyGradients = []gradientCase{
	{"Scan", []operand{weights(2, 3), {shape: []int{4, 2, 3}, lo: -1, hi: 1, fixed: true}, weights(3, 3)}, walked(0)},
	{"Scan from the end", []operand{weights(2, 3), {shape: []int{3, 2, 3}, lo: -1, hi: 1, fixed: true}, weights(3, 3)}, walked(1)},
}

func gradientCases() []gradientCase {
	var all []gradientCase
	for _, list := range [][]gradientCase{elementwiseGradients, productGradients, reduceGradients(), layoutGradients, convGradients, normGradients, bodyGradients} {
		all = append(all, list...)
	}
	return all
}
