package conformance

import (
	"math"
	"math/rand/v2"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// arg is one input of an operator: how to make it, and whether the graph holds it as a constant. A float argument has
// no type of its own: each case runs in float32 and in float64.
type arg struct {
	constant bool
	make     func(r *rand.Rand, float tensor.DType) *tensor.Tensor
}

// opCase is one operator on one set of inputs.
type opCase struct {
	op    string
	attrs graph.Attrs
	in    []arg
	outs  int // 0 means 1
}

func float(dtype tensor.DType, next func() float64, shape ...int) *tensor.Tensor {
	t := tensor.New(dtype, shape...)
	for i := range t.Len() {
		if dtype == tensor.Float64 {
			tensor.Data[float64](t)[i] = next()
		} else {
			tensor.Data[float32](t)[i] = float32(next())
		}
	}
	return t
}

// f is a standard normal tensor.
func f(shape ...int) arg {
	return arg{make: func(r *rand.Rand, d tensor.DType) *tensor.Tensor { return float(d, r.NormFloat64, shape...) }}
}

// within is uniform between lo and hi.
func within(lo, hi float64, shape ...int) arg {
	return arg{make: func(r *rand.Rand, d tensor.DType) *tensor.Tensor {
		return float(d, func() float64 { return lo + (hi-lo)*r.Float64() }, shape...)
	}}
}

// these are the given floats.
func these(v ...float64) arg { return shaped([]int{len(v)}, v...) }

func shaped(shape []int, v ...float64) arg {
	return arg{make: func(r *rand.Rand, d tensor.DType) *tensor.Tensor {
		i := -1
		return float(d, func() float64 { i++; return v[i] }, shape...)
	}}
}

// number is a float constant of rank 0.
func number(x float64) arg {
	return arg{constant: true, make: func(_ *rand.Rand, d tensor.DType) *tensor.Tensor {
		return float(d, func() float64 { return x })
	}}
}

// ints are int64 in [lo, hi).
func ints(lo, hi int64, shape ...int) arg {
	return arg{make: func(r *rand.Rand, _ tensor.DType) *tensor.Tensor {
		t := tensor.New(tensor.Int64, shape...)
		for i := range t.Len() {
			tensor.Data[int64](t)[i] = lo + r.Int64N(hi-lo)
		}
		return t
	}}
}

// ints32 are int32 in [lo, hi).
func ints32(lo, hi int32, shape ...int) arg {
	return arg{make: func(r *rand.Rand, _ tensor.DType) *tensor.Tensor {
		t := tensor.New(tensor.Int32, shape...)
		for i := range t.Len() {
			tensor.Data[int32](t)[i] = lo + r.Int32N(hi-lo)
		}
		return t
	}}
}

// uints are uint32 below hi.
func uints(hi uint32, shape ...int) arg {
	return arg{make: func(r *rand.Rand, _ tensor.DType) *tensor.Tensor {
		t := tensor.New(tensor.Uint32, shape...)
		for i := range t.Len() {
			tensor.Data[uint32](t)[i] = r.Uint32N(hi)
		}
		return t
	}}
}

func bools(shape ...int) arg {
	return arg{make: func(r *rand.Rand, _ tensor.DType) *tensor.Tensor {
		t := tensor.New(tensor.Bool, shape...)
		for i := range t.Len() {
			tensor.Data[bool](t)[i] = r.IntN(2) == 1
		}
		return t
	}}
}

// list32 is a constant vector of float32, whatever the type of the others.
func list32(v ...float32) arg {
	return arg{constant: true, make: func(*rand.Rand, tensor.DType) *tensor.Tensor { return tensor.Vector(v...) }}
}

// list is a constant vector of int64, as axes and shapes are given.
func list(v ...int64) arg {
	return arg{constant: true, make: func(*rand.Rand, tensor.DType) *tensor.Tensor { return tensor.Vector(v...) }}
}

// scalar64 is a constant int64 of rank 0.
func scalar64(v int64) arg {
	return arg{constant: true, make: func(*rand.Rand, tensor.DType) *tensor.Tensor { return tensor.Scalar(v) }}
}

// none is an optional input left out.
var none = arg{}

var inf, nan = math.Inf(1), math.NaN()

// extremes are what a unary function meets at the ends of its range.
var extremes = these(0, math.Copysign(0, -1), 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 1e-30, -1e-30, 1e-5, 30, -30, 87, -87, 100, -100, 1e30, -1e30, inf, -inf, nan)

func at(kv ...any) graph.Attrs {
	a := graph.Attrs{}
	for i := 0; i < len(kv); i += 2 {
		switch v := kv[i+1].(type) {
		case int:
			a[kv[i].(string)] = int64(v)
		case float64:
			a[kv[i].(string)] = float32(v)
		case []int:
			list := make([]int64, len(v))
			for k, x := range v {
				list[k] = int64(x)
			}
			a[kv[i].(string)] = list
		default:
			a[kv[i].(string)] = v
		}
	}
	return a
}

func is(in ...arg) []arg { return in }

// opCases are all cases: those of families first, then each operator's own.
func opCases() []opCase {
	var cases []opCase
	add := func(op string, attrs graph.Attrs, in ...arg) {
		cases = append(cases, opCase{op: op, attrs: attrs, in: in})
	}

	for _, op := range []string{"Tan", "Sinh", "Cosh", "Atan", "Asinh"} {
		add(op, nil, within(-3, 3, 2, 5))
	}
	for _, op := range []string{"Asin", "Acos", "Atanh"} {
		add(op, nil, within(-0.95, 0.95, 2, 5))
	}
	cases = append(cases, opCase{op: "TopK", attrs: at("axis", 0), in: is(f(5, 3), list(2)), outs: 2})
	for _, mode := range []string{"nearest", "bilinear", "bicubic"} {
		for _, padding := range []string{"zeros", "border", "reflection"} {
			add("GridSample", at("mode", mode, "padding_mode", padding), f(2, 3, 4, 5), within(-1.4, 1.4, 2, 3, 6, 2))
		}
	}
	for _, mode := range []string{"avg", "max"} {
		for samples := range 3 { // 0: as many as a bin has elements
			add("RoiAlign", at("mode", mode, "sampling_ratio", samples, "output_height", 2, "output_width", 3, "spatial_scale", float32(0.5),
				"coordinate_transformation_mode", []string{"half_pixel", "output_half_pixel"}[samples%2]),
				f(2, 3, 6, 5), shaped([]int{4, 4}, -3, -2, 4, 5, 0, 0, 9.5, 13, 2.25, 1, 2.5, 11, 3, 3, 14, 12), list(1, 0, 0, 1))
		}
	}
	for _, c := range []string{"half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"} {
		for _, mode := range []string{"floor", "ceil", "round_prefer_floor", "round_prefer_ceil"} {
			add("Resize", at("coordinate_transformation_mode", c, "nearest_mode", mode), f(2, 3, 4, 5), none, none, list(2, 3, 7, 3))
		}
		add("Resize", at("coordinate_transformation_mode", c, "mode", "linear"), f(2, 3, 4, 5), none, none, list(2, 3, 7, 3))
		add("Resize", at("coordinate_transformation_mode", c, "mode", "linear"), f(2, 3, 4, 5), none, list32(1, 1, 2, 0.6))
		add("Resize", at("coordinate_transformation_mode", c, "mode", "cubic"), f(2, 3, 4, 5), none, none, list(2, 3, 7, 9))
	}
	add("Resize", at("mode", "cubic", "cubic_coeff_a", float32(-0.5), "exclude_outside", 1), f(2, 3, 4, 5), none, list32(1, 1, 2, 2))
	add("Resize", at("mode", "linear"), f(2, 1, 3, 4, 5), none, list32(1, 1, 2, 1, 1.5))
	add("Resize", at("mode", "linear", "coordinate_transformation_mode", "tf_crop_and_resize", "extrapolation_value", float32(3)), f(1, 2, 4, 5),
		list32(0, 0, 0.3, 0.5, 1, 1, 0.8, 1.2), none, list(1, 2, 3, 6))
	add("Acosh", nil, within(1, 20, 2, 5))
	add("Mod", at("fmod", 1), f(3, 4), within(0.5, 2, 4))
	add("Mod", nil, ints(-20, 20, 3, 4), ints(1, 7, 4))
	add("IsInf", nil, extremes)
	add("IsInf", at("detect_positive", 0), extremes)
	for _, d := range []string{"LEFT", "RIGHT"} {
		add("BitShift", at("direction", d), uints(1<<30, 3, 4), uints(9, 4))
	}
	for _, op := range []string{"Neg", "Abs", "Sqrt", "Exp", "Log", "Reciprocal", "Sign", "Floor", "Ceil", "Round", "Erf", "Sin", "Cos", "Relu",
		"LeakyRelu", "Elu", "Selu", "Celu", "Softplus", "Softsign", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "ThresholdedRelu", "Identity", "IsNaN"} {
		x := f
		if op == "Sqrt" || op == "Log" {
			x = func(shape ...int) arg { return within(1e-3, 10, shape...) }
		}
		add(op, nil, x())
		add(op, nil, x(1))
		add(op, nil, x(0, 3))
		add(op, nil, x(7, 9, 5))
		add(op, nil, x(1031))
		if op != "Sin" && op != "Cos" { // reduction of huge arguments is each engine's own
			add(op, nil, extremes)
		}
	}
	for _, op := range []string{"LeakyRelu", "Elu", "Celu", "ThresholdedRelu"} {
		add(op, at("alpha", 0.3), f(4, 5))
	}
	add("Selu", at("alpha", 1.5, "gamma", 1.1), f(4, 5))
	add("HardSigmoid", at("alpha", 0.3, "beta", 0.4), within(-4, 4, 40))

	shapes := [][2][]int{{{}, {}}, {{3}, {}}, {{2, 3}, {3}}, {{2, 3}, {2, 1}}, {{4, 1, 3}, {5, 1}}, {{1}, {2, 3, 4}}, {{0, 3}, {3}}, {{2, 3, 4, 5}, {1, 3, 1, 1}}, {{17, 33}, {17, 33}}}
	for _, s := range shapes {
		for _, op := range []string{"Add", "Sub", "Mul", "Div", "Max", "Min"} {
			add(op, nil, f(s[0]...), f(s[1]...))
			add(op, nil, f(s[1]...), f(s[0]...))
			add(op, nil, ints(1, 50, s[0]...), ints(1, 9, s[1]...))
			add(op, nil, ints32(1, 50, s[0]...), ints32(1, 9, s[1]...))
		}
		for _, op := range []string{"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"} {
			add(op, nil, f(s[0]...), f(s[1]...))
			add(op, nil, ints(0, 3, s[0]...), ints(0, 3, s[1]...))
		}
		for _, op := range []string{"And", "Or", "Xor"} {
			add(op, nil, bools(s[0]...), bools(s[1]...))
		}
		add("Pow", nil, within(0.1, 3, s[0]...), f(s[1]...))
		add("Where", nil, bools(s[0]...), f(s[1]...), f(s[0]...))
		add("Where", nil, bools(s[1]...), ints(0, 9, s[0]...), ints(0, 9, s[1]...))
	}
	for _, op := range []string{"Add", "Sub", "Mul", "Div", "Max", "Min", "Equal", "Less", "Greater", "GreaterOrEqual", "LessOrEqual"} {
		add(op, nil, these(inf, -inf, nan, 0, 1, inf), these(1, inf, 1, 0, nan, inf))
	}
	add("Div", nil, ints(-50, 50, 40), ints(-9, -1, 40))
	add("Pow", nil, f(3, 4), number(2))
	add("Pow", nil, f(3, 4), number(3))
	add("Pow", nil, within(0, 4, 3, 4), number(0.5))
	add("Pow", nil, these(0, 0, -2, -2, inf, nan, 1), these(0, -1, 3, -1, -1, 0, nan))
	add("Max", nil, f(2, 3), f(3), f(1))
	add("Min", nil, f(4))
	add("Not", nil, bools(3, 5))
	add("PRelu", nil, f(2, 3, 4), f(3, 1))
	add("PRelu", nil, f(5), f(1))
	add("Clip", nil, f(3, 4))
	add("Clip", nil, f(3, 4), number(-0.5))
	add("Clip", nil, f(3, 4), none, number(0.5))
	add("Clip", nil, f(3, 4), number(-0.5), number(0.5))
	add("Clip", nil, these(nan, inf, -inf, 0), number(-1), number(1))
	add("Clip", nil, f(3), number(1), number(-1)) // min past max

	for _, op := range []string{"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceLogSumExp", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum"} {
		x := f
		if op == "ReduceLogSum" {
			x = func(shape ...int) arg { return within(0.1, 2, shape...) }
		}
		for _, keep := range []int{0, 1} {
			reduce := func(in arg, axes ...int) {
				a := at("keepdims", keep)
				if op == "ReduceSum" {
					if axes == nil {
						add(op, a, in)
						return
					}
					list64 := make([]int64, len(axes))
					for i, x := range axes {
						list64[i] = int64(x)
					}
					add(op, a, in, list(list64...))
					return
				}
				if axes != nil {
					a = at("keepdims", keep, "axes", axes)
				}
				add(op, a, in)
			}
			reduce(x())
			reduce(x(5))
			reduce(x(3, 4, 5))
			reduce(x(3, 4, 5), 0)
			reduce(x(3, 4, 5), 1)
			reduce(x(3, 4, 5), -1)
			reduce(x(3, 4, 5), 0, 2)
			reduce(x(2, 3, 4, 5), 1, 2)
			reduce(x(2, 3, 4, 5), -2, 0)
			reduce(x(37, 129), 1)
			reduce(x(37, 129), 0)
			reduce(x(0, 4), 1)
		}
		if op != "ReduceLogSum" && op != "ReduceProd" {
			add(op, at("keepdims", 0), these(100, 99, -100, 3))
		}
	}
	add("ReduceSum", at("keepdims", 0), f(0, 4), list(0))
	add("ReduceSum", at("noop_with_empty_axes", 1), f(2, 3))
	add("ReduceSum", at("keepdims", 0), ints(0, 9, 3, 4), list(1))
	add("ReduceMax", at("axes", []int{0}), ints(0, 9, 3, 4))
	add("ReduceMax", at("axes", []int{0}), these(nan, 1, inf))
	add("ReduceLogSumExp", at("axes", []int{0}), these(1000, 1000))
	add("ReduceLogSumExp", at("axes", []int{0}), these(-inf, -inf))

	for _, op := range []string{"Softmax", "LogSoftmax"} {
		add(op, nil, f(4, 7))
		add(op, nil, f(9))
		add(op, at("axis", 0), f(4, 7))
		add(op, at("axis", 1), f(2, 3, 4))
		add(op, at("axis", -1), these(1000, 999, -1000))
		add(op, nil, f(0, 4))
	}
	for _, e := range []int{0, 1} {
		for _, r := range []int{0, 1} {
			add("CumSum", at("exclusive", e, "reverse", r), f(3, 4), scalar64(1))
			add("CumSum", at("exclusive", e, "reverse", r), f(3, 4), scalar64(-2))
		}
	}
	for _, op := range []string{"ArgMax", "ArgMin"} {
		add(op, nil, f(3, 4))
		add(op, at("axis", 1, "keepdims", 0), f(3, 4))
		add(op, at("axis", -1, "select_last_index", 1), these(1, 1, 0, 0))
	}
	return append(cases, append(linearCases(), shapeCases()...)...)
}

func linearCases() []opCase {
	return []opCase{
		{op: "Gemm", in: is(f(3, 4), f(4, 5))},
		{op: "Gemm", in: is(f(3, 4), f(4, 5), f(5))},
		{op: "Gemm", in: is(f(3, 4), f(4, 5), f())},
		{op: "Gemm", in: is(f(3, 4), f(4, 5), f(3, 1))},
		{op: "Gemm", attrs: at("transA", 1, "transB", 1, "alpha", 0.5, "beta", 2.0), in: is(f(4, 3), f(5, 4), f(3, 5))},
		{op: "Gemm", attrs: at("transB", 1), in: is(within(0, 1, 100, 784), within(-0.05, 0.05, 50, 784), f(50))},
		{op: "Gemm", attrs: at("transA", 1), in: is(f(100, 37), f(100, 20))},
		{op: "Gemm", attrs: at("transB", 1), in: is(f(0, 4), f(5, 4), f(5))},
		{op: "Gemm", attrs: at("transB", 1), in: is(f(1, 20), f(500, 20), f(500))},
		{op: "MatMul", in: is(f(3, 4), f(4, 5))},
		{op: "MatMul", in: is(f(4), f(4))},
		{op: "MatMul", in: is(f(4), f(4, 5))},
		{op: "MatMul", in: is(f(3, 4), f(4))},
		{op: "MatMul", in: is(f(2, 3, 4), f(4))},
		{op: "MatMul", in: is(f(2, 3, 4), f(2, 4, 5))},
		{op: "MatMul", in: is(f(2, 1, 3, 4), f(5, 4, 2))},
		{op: "MatMul", in: is(f(4), f(2, 4, 5))},
		{op: "MatMul", in: is(f(65, 130), f(130, 33))},
		{op: "MatMul", in: is(f(2, 0), f(0, 3))},

		{op: "Conv", in: is(f(2, 3, 7, 8), f(4, 3, 3, 3))},
		{op: "Conv", attrs: at("pads", []int{1, 1, 1, 1}, "strides", []int{2, 2}), in: is(f(2, 3, 7, 8), f(4, 3, 3, 3), f(4))},
		{op: "Conv", attrs: at("pads", []int{0, 1, 2, 1}, "dilations", []int{2, 1}), in: is(f(1, 2, 9, 8), f(4, 2, 3, 2), f(4))},
		{op: "Conv", attrs: at("group", 2, "kernel_shape", []int{3, 3}), in: is(f(2, 4, 6, 6), f(6, 2, 3, 3))},
		{op: "Conv", attrs: at("group", 4), in: is(f(2, 4, 6, 6), f(4, 1, 3, 3), f(4))},
		{op: "Conv", attrs: at("auto_pad", "SAME_UPPER", "strides", []int{2, 2}), in: is(f(1, 2, 7, 6), f(3, 2, 4, 3))},
		{op: "Conv", attrs: at("auto_pad", "SAME_LOWER", "strides", []int{2, 2}), in: is(f(1, 2, 7, 6), f(3, 2, 4, 3))},
		{op: "Conv", attrs: at("auto_pad", "VALID"), in: is(f(1, 2, 7, 6), f(3, 2, 4, 3))},
		{op: "Conv", in: is(f(2, 3, 11), f(4, 3, 3), f(4))},
		{op: "Conv", attrs: at("strides", []int{2}, "pads", []int{2, 1}, "dilations", []int{2}), in: is(f(2, 3, 11), f(4, 3, 3))},
		{op: "Conv", in: is(f(1, 3, 5, 5), f(8, 3, 1, 1), f(8))},
		{op: "ConvTranspose", in: is(f(2, 3, 5, 4), f(3, 4, 3, 3))},
		{op: "ConvTranspose", attrs: at("strides", []int{2, 2}, "pads", []int{1, 1, 1, 1}), in: is(f(2, 3, 5, 4), f(3, 4, 4, 4), f(4))},
		{op: "ConvTranspose", attrs: at("strides", []int{2, 2}, "pads", []int{1, 1, 1, 1}, "output_padding", []int{1, 1}), in: is(f(2, 3, 5, 4), f(3, 4, 3, 3), f(4))},
		{op: "ConvTranspose", attrs: at("group", 2, "strides", []int{2, 1}), in: is(f(1, 4, 3, 3), f(4, 3, 2, 2))},
		{op: "ConvTranspose", attrs: at("dilations", []int{2, 2}, "pads", []int{0, 1, 1, 0}), in: is(f(1, 2, 4, 4), f(2, 3, 3, 3))},
		{op: "ConvTranspose", attrs: at("strides", []int{2}, "pads", []int{1, 1}), in: is(f(2, 3, 6), f(3, 2, 4), f(2))},
		{op: "ConvTranspose", attrs: at("auto_pad", "SAME_UPPER", "strides", []int{2, 2}), in: is(f(1, 2, 4, 4), f(2, 3, 3, 3))},

		{op: "MaxPool", attrs: at("kernel_shape", []int{2, 2}, "strides", []int{2, 2}), in: is(f(2, 3, 7, 6))},
		{op: "MaxPool", attrs: at("kernel_shape", []int{3, 3}, "pads", []int{1, 1, 1, 1}), in: is(f(1, 2, 5, 5))},
		{op: "MaxPool", attrs: at("kernel_shape", []int{2, 2}, "strides", []int{2, 2}, "ceil_mode", 1), in: is(f(1, 2, 5, 5))},
		{op: "MaxPool", attrs: at("kernel_shape", []int{2, 2}, "dilations", []int{2, 2}), in: is(f(1, 2, 6, 6))},
		{op: "MaxPool", attrs: at("kernel_shape", []int{3}, "strides", []int{2}), in: is(f(1, 2, 9))},
		{op: "MaxPool", attrs: at("kernel_shape", []int{3, 3}, "auto_pad", "SAME_UPPER", "strides", []int{2, 2}), in: is(f(1, 2, 6, 5))},
		{op: "AveragePool", attrs: at("kernel_shape", []int{2, 2}, "strides", []int{2, 2}), in: is(f(2, 3, 7, 6))},
		{op: "AveragePool", attrs: at("kernel_shape", []int{3, 3}, "pads", []int{1, 1, 1, 1}), in: is(f(1, 2, 5, 5))},
		{op: "AveragePool", attrs: at("kernel_shape", []int{3, 3}, "pads", []int{1, 1, 1, 1}, "count_include_pad", 1), in: is(f(1, 2, 5, 5))},
		{op: "AveragePool", attrs: at("kernel_shape", []int{3}, "strides", []int{2}), in: is(f(1, 2, 9))},
		{op: "GlobalAveragePool", in: is(f(2, 3, 5, 4))},
		{op: "GlobalMaxPool", in: is(f(2, 3, 5, 4))},

		{op: "BatchNormalization", in: is(f(4, 3, 5, 5), f(3), f(3), f(3), within(0.5, 2, 3))},
		{op: "BatchNormalization", attrs: at("epsilon", 0.01), in: is(f(4, 3), f(3), f(3), f(3), within(0.5, 2, 3))},
		{op: "BatchNormalization", attrs: at("training_mode", 1, "momentum", 0.8), outs: 3, in: is(f(4, 3, 5), f(3), f(3), f(3), within(0.5, 2, 3))},
		{op: "InstanceNormalization", attrs: at("epsilon", 0.001), in: is(f(2, 3, 4, 5), f(3), f(3))},
		{op: "LayerNormalization", in: is(f(4, 6), f(6), f(6))},
		{op: "LayerNormalization", attrs: at("axis", 1, "epsilon", 0.01), in: is(f(2, 3, 4), f(3, 4))},
		{op: "LayerNormalization", attrs: at("axis", -1), in: is(f(2, 3, 4), f(4), f(4))},
	}
}

func shapeCases() []opCase {
	return []opCase{
		{op: "Reshape", in: is(f(2, 3, 4), list(4, 6))},
		{op: "Reshape", in: is(f(2, 3, 4), list(0, -1))},
		{op: "Reshape", in: is(f(1), arg{constant: true, make: func(*rand.Rand, tensor.DType) *tensor.Tensor { return tensor.New(tensor.Int64, 0) }})},
		{op: "Flatten", in: is(f(2, 3, 4))},
		{op: "Flatten", attrs: at("axis", 0), in: is(f(2, 3))},
		{op: "Flatten", attrs: at("axis", -1), in: is(f(2, 3, 4))},
		{op: "Transpose", in: is(f(2, 3, 4))},
		{op: "Transpose", attrs: at("perm", []int{0, 2, 1}), in: is(f(2, 3, 4))},
		{op: "Transpose", attrs: at("perm", []int{0, 3, 1, 2}), in: is(f(2, 5, 3, 4))},
		{op: "Transpose", attrs: at("perm", []int{1, 0}), in: is(ints(0, 99, 4, 7))},
		{op: "Squeeze", in: is(f(1, 3, 1), list(0, -1))},
		{op: "Squeeze", in: is(f(1, 3, 1))},
		{op: "Unsqueeze", in: is(f(2, 3), list(0, -1))},
		{op: "Unsqueeze", in: is(f(), list(0))},
		{op: "Concat", attrs: at("axis", 0), in: is(f(2, 3), f(4, 3))},
		{op: "Concat", attrs: at("axis", -1), in: is(f(2, 3), f(2, 1), f(2, 0))},
		{op: "Concat", attrs: at("axis", 1), in: is(ints(0, 9, 2, 3, 2), ints(0, 9, 2, 1, 2))},
		{op: "Split", attrs: at("axis", 1), outs: 2, in: is(f(2, 6))},
		{op: "Split", attrs: at("axis", -1), outs: 3, in: is(f(2, 6), list(1, 2, 3))},
		{op: "Slice", in: is(f(5, 6), list(1), list(4))},
		{op: "Slice", in: is(f(5, 6), list(1, -3), list(4, 100), list(0, 1))},
		{op: "Slice", in: is(f(5, 6), list(-1, 0), list(-100, 6), list(0, 1), list(-1, 2))},
		{op: "Slice", in: is(f(5, 6), list(3), list(3), list(0))},
		{op: "Slice", in: is(ints(0, 9, 8), list(6), list(1), list(0), list(-2))},
		{op: "Gather", in: is(f(5, 3), ints(0, 5, 4))},
		{op: "Gather", attrs: at("axis", 1), in: is(f(3, 5), ints(-5, 5, 2, 2))},
		{op: "Gather", in: is(f(5, 3), scalar64(-1))},
		{op: "GatherElements", attrs: at("axis", 1), in: is(f(3, 5), ints(-5, 5, 3, 2))},
		{op: "ScatterElements", attrs: at("axis", 0, "reduction", "add"), in: is(f(5, 3), ints(0, 5, 4, 3), f(4, 3))},
		{op: "ScatterElements", attrs: at("axis", 1), in: is(f(2, 3), column(2, 0), f(2, 1))},
		{op: "Expand", in: is(f(3, 1), list(2, 1, 4))},
		{op: "Expand", in: is(f(), list(2, 3))},
		{op: "Tile", in: is(f(2, 3), list(2, 3))},
		{op: "Tile", in: is(ints(0, 9, 2), list(0))},
		{op: "Pad", in: is(f(2, 3), list(1, 0, 0, 2))},
		{op: "Pad", in: is(f(2, 3), list(0, -1, 1, 1), number(7))},
		{op: "DepthToSpace", attrs: at("blocksize", 2), in: is(f(2, 8, 3, 2))},
		{op: "DepthToSpace", attrs: at("blocksize", 2, "mode", "CRD"), in: is(f(2, 8, 3, 2))},
		{op: "SpaceToDepth", attrs: at("blocksize", 2), in: is(f(2, 3, 4, 6))},
		{op: "Shape", in: is(f(2, 3, 4))},
		{op: "Shape", attrs: at("start", 1, "end", -1), in: is(f(2, 3, 4))},
		{op: "Size", in: is(f(2, 3, 4))},
		{op: "ConstantOfShape", in: is(list(2, 3))},
		{op: "ConstantOfShape", attrs: at("value", tensor.Vector(int64(7))), in: is(list(3))},
		{op: "Cast", attrs: at("to", int(tensor.Int64)), in: is(within(-5, 5, 20))},
		{op: "Cast", attrs: at("to", int(tensor.Float64)), in: is(f(5))},
		{op: "Cast", attrs: at("to", int(tensor.Float32)), in: is(f(5))},
		{op: "Cast", attrs: at("to", int(tensor.Float32)), in: is(bools(5))},
		{op: "Cast", attrs: at("to", int(tensor.Bool)), in: is(these(0, 1, -1, 0.5, math.Copysign(0, -1)))},
		{op: "Cast", attrs: at("to", int(tensor.Float32)), in: is(ints(-9, 9, 5))},
		{op: "Cast", attrs: at("to", int(tensor.Int32)), in: is(ints(-9, 9, 5))},
		{op: "CastLike", in: is(ints(-9, 9, 5), f(1))},
		{op: "OneHot", attrs: at("axis", -1), in: is(ints(-3, 3, 4), scalar64(3), arg{constant: true, make: func(*rand.Rand, tensor.DType) *tensor.Tensor { return tensor.Vector[float32](0, 1) }})},
		{op: "OneHot", attrs: at("axis", 0), in: is(ints(0, 5, 2, 2), list(4), arg{constant: true, make: func(*rand.Rand, tensor.DType) *tensor.Tensor { return tensor.Vector[float32](-1, 2) }})},
		{op: "NonZero", in: is(arg{constant: true, make: func(*rand.Rand, tensor.DType) *tensor.Tensor { return tensor.Vector(true, false, true) }})},
		{op: "Det", in: is(f(2, 3, 4, 4))},
		{op: "Det", in: is(f(1, 1))},
		{op: "Unique", in: is(list(1, 2, 1, 3, 2)), outs: 4},
		{op: "Unique", attrs: at("axis", 0, "sorted", 0), in: is(arg{constant: true, make: func(*rand.Rand, tensor.DType) *tensor.Tensor {
			t, _ := tensor.Wrap([]int64{3, 1, 2, 2, 3, 1}, 3, 2)
			return t
		}}), outs: 4},
		{op: "NonMaxSuppression", in: is(boxes(2, 12), scores(2, 3, 12), scalar64(4), only32(0.3), only32(0.2))},
		{op: "NonMaxSuppression", attrs: at("center_point_box", 1), in: is(boxes(1, 12), scores(1, 2, 12), scalar64(5), only32(0.1))},
		{op: "TfIdfVectorizer", attrs: graph.Attrs{"mode": "TFIDF", "min_gram_length": int64(1), "max_gram_length": int64(2), "max_skip_count": int64(2),
			"ngram_counts": []int64{0, 2}, "ngram_indexes": []int64{2, 0, 1, 3}, "pool_int64s": []int64{1, 2, 1, 2, 2, 1}, "weights": []float32{1, 2, 3, 4}},
			in: is(list(1, 2, 3, 2, 1, 1, 2))},
		{op: "Range", in: is(scalar64(2), scalar64(11), scalar64(3))},
		{op: "Range", in: is(scalar64(5), scalar64(0), scalar64(-2))},
		{op: "Dropout", in: is(f(3, 4))},
		{op: "Trilu", in: is(f(2, 4, 5))},
		{op: "Trilu", attrs: at("upper", 0), in: is(f(4, 5), scalar64(-1))},
		{op: "EyeLike", attrs: at("k", 1), in: is(f(3, 4))},
	}
}

// column is a matrix of one column.
func column(v ...int64) arg {
	return arg{make: func(*rand.Rand, tensor.DType) *tensor.Tensor {
		t, _ := tensor.Vector(v...).Reshape(len(v), 1)
		return t
	}}
}

// boxes and scores are in float32 whatever the case's type, as NonMaxSuppression takes them.
func boxes(batch, n int) arg { return uniform32(batch, n, 4) }

func scores(batch, classes, n int) arg { return uniform32(batch, classes, n) }

func uniform32(shape ...int) arg {
	return arg{constant: true, make: func(r *rand.Rand, _ tensor.DType) *tensor.Tensor { return float(tensor.Float32, r.Float64, shape...) }}
}

func only32(x float32) arg {
	return arg{constant: true, make: func(*rand.Rand, tensor.DType) *tensor.Tensor { return tensor.Scalar(x) }}
}
