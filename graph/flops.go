package graph

import "slices"

// flops counts the arithmetic of a node whose shapes are numbers: a row for each operator of the table.
var flops = map[string]func(n *Node) int{}

func init() {
	count := func(f func(n *Node) int, ops ...string) {
		for _, op := range ops {
			flops[op] = f
		}
	}
	count(moves,
		"BitCast", "Cast", "CastLike", "Concat", "ConstantOfShape", "DepthToSpace", "Dropout", "Expand", "EyeLike", "Flatten", "Gather",
		"GatherElements", "Identity", "NonZero", "OneHot", "Pad", "Range", "Reshape", "Shape", "Size", "Slice", "SpaceToDepth",
		"Split", "Squeeze", "Tile", "Transpose", "Trilu", "Unsqueeze")
	count(moves, "ConcatFromSequence", "Optional", "OptionalGetElement", "OptionalHasElement", "SequenceAt", "SequenceConstruct",
		"SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceLength", "SplitToSequence")
	count(moves, "RegexFullMatch", "StringConcat", "StringNormalizer", "StringSplit", "TfIdfVectorizer", "Unique")
	count(detFLOPs, "Det")
	count(overlapFLOPs, "NonMaxSuppression")
	count(bodyFLOPs, "If", "Loop", "Scan", "SequenceMap")
	count(perOutput(1),
		"Abs", "Add", "And", "Ceil", "Celu", "Clip", "Cos", "Div", "Elu", "Equal", "Erf", "Exp", "Floor", "Greater",
		"GreaterOrEqual", "HardSigmoid", "HardSwish", "IsNaN", "LeakyRelu", "Less", "LessOrEqual", "Log", "Mul", "Neg", "Not",
		"Or", "PRelu", "Pow", "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Sin", "Softplus", "Softsign", "Sqrt",
		"Sub", "Tanh", "ThresholdedRelu", "Where", "Xor")
	count(perOutput(1), "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor",
		"Cosh", "GridSample", "IsInf", "Mod", "Sinh", "Tan")
	count(perOutput(8), "RoiAlign") // a sample and more of four weighted elements for each
	count(perOutput(1), "Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike")
	count(func(n *Node) int { return (len(n.Inputs) - 1) * size(n.Output(0)) }, "Max", "Min")

	count(perInput(1), "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceLogSum", "ArgMax", "ArgMin",
		"CumProd", "CumSum", "TopK", "GlobalAveragePool", "GlobalMaxPool")
	count(perInput(2), "ReduceL1", "ReduceL2", "ReduceSumSquare") // |x| or x*x, and the sum
	count(perInput(4), "ReduceLogSumExp")                         // the largest, x - m, exp, the sum
	count(perInput(5), "Softmax", "LogSoftmax")                   // the largest, x - m, exp, the sum, and division or subtraction
	count(perInput(7), "LayerNormalization", "InstanceNormalization")
	count(batchNormFLOPs, "BatchNormalization")

	count(gemmFLOPs, "Gemm")
	count(matMulFLOPs, "MatMul")
	count(convFLOPs, "Conv")
	count(convTransposeFLOPs, "ConvTranspose")
	count(poolFLOPs, "MaxPool", "AveragePool")
	count(scatterFLOPs, "ScatterElements")
	count(resizeFLOPs, "Resize")
}

func moves(*Node) int { return 0 }

// Elimination of an n x n matrix takes 2n^3/3.
func detFLOPs(n *Node) int {
	dims, _ := n.Inputs[0].Shape.Known()
	return 2 * size(n.Inputs[0]) * dims[len(dims)-1] / 3
}

// Of n boxes each may meet all others: 12 operations give two boxes' overlap.
func overlapFLOPs(n *Node) int {
	dims, _ := n.Inputs[1].Shape.Known()
	return 12 * size(n.Inputs[1]) * dims[2] / 2
}

// bodyFLOPs counts one run of the costliest body, as many as a Scan has steps: how often others run only a run tells.
func bodyFLOPs(n *Node) int {
	most := 0
	for _, body := range n.Bodies() {
		one := 0
		for _, m := range body.Nodes {
			if f := flops[m.Op]; f != nil && fixed(m) {
				one += f(m)
			}
		}
		most = max(most, one)
	}
	if n.Op == "Scan" {
		if w, err := ScanOf(n); err == nil {
			if k, known := w.Steps.Known(); known {
				most *= k
			}
		}
	}
	return most
}

// fixed reports whether the shapes of n are numbers.
func fixed(n *Node) bool {
	for _, v := range slices.Concat(n.Inputs, n.Outputs) {
		if v != nil {
			if _, known := v.Shape.Known(); !known {
				return false
			}
		}
	}
	return true
}

func perOutput(k int) func(*Node) int {
	return func(n *Node) int { return k * size(n.Output(0)) }
}

func perInput(k int) func(*Node) int {
	return func(n *Node) int { return k * size(n.Inputs[0]) }
}

// y = alpha A' B' + beta C takes 2mnk, and mn more for C.
func gemmFLOPs(n *Node) int {
	inner := 1
	if n.Int("transA", 0) != 0 {
		inner = 0
	}
	return product(n, inner) + added(n)
}

// matMulFLOPs is 2mnk for each matrix of the batch. The native engine's plans give MatMul the attributes of Gemm.
func matMulFLOPs(n *Node) int {
	rank := len(n.Inputs[0].Shape)
	inner := rank - 1
	if n.Int("transA", 0) != 0 {
		inner = max(rank-2, 0)
	}
	return product(n, inner)
}

// product is two operations for each element of the output and of axis inner of the first operand.
func product(n *Node, inner int) int {
	k, _ := n.Inputs[0].Shape[inner].Known()
	return 2 * size(n.Output(0)) * k
}

// added is the bias, input 2, added to each element of the output.
func added(n *Node) int {
	if n.Input(2) == nil {
		return 0
	}
	return size(n.Output(0))
}

// Each element of y [n, m, out...] takes a product and a sum with every weight of its channel: W is [m, c/group, k...].
// Places where the window stands on padding are counted too.
func convFLOPs(n *Node) int {
	return 2*size(n.Output(0))*perFirst(n.Inputs[1]) + added(n)
}

// Each element of x [n, c, in...] meets every weight of its channel: W is [c, m/group, k...].
func convTransposeFLOPs(n *Node) int {
	return 2*size(n.Inputs[0])*perFirst(n.Inputs[1]) + added(n)
}

// perFirst is how many elements v has for each index of its first axis.
func perFirst(v *Value) int {
	rest, _ := v.Shape[1:].Size().Known()
	return rest
}

// Each element of y takes one operation for each place of the window.
func poolFLOPs(n *Node) int {
	places := 1
	for _, k := range n.Ints("kernel_shape") {
		places *= k
	}
	return places * size(n.Output(0))
}

// y = (x - mean) * a + b, and in training mode the mean and the variance before.
func batchNormFLOPs(n *Node) int {
	if n.Int("training_mode", 0) != 0 {
		return 7 * size(n.Inputs[0])
	}
	return 3 * size(n.Inputs[0])
}

// Without a reduction, elements are only moved.
func scatterFLOPs(n *Node) int {
	if n.Str("reduction", "none") == "none" {
		return 0
	}
	return size(n.Inputs[2])
}

// Each element of y takes a product and a sum for each term along each axis, counted as if no axis were resized before.
func resizeFLOPs(n *Node) int {
	maps, err := Resamplings(n)
	if err != nil || n.Str("mode", "nearest") == "nearest" {
		return 0
	}
	sum := 0
	for _, m := range maps {
		if m != nil {
			sum += 2 * size(n.Output(0)) / m.Out * len(m.Index)
		}
	}
	return sum
}
