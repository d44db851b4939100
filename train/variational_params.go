package train

import (
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// pace is how many times faster than weights a rate alpha is learned: its parameter is a tenth of its logit. An optimiser such as
// Adam moves a number by about its learning rate in a step, which suits weights of a size of 0.1 and not a logit that has several
// units to go. The variances of sparse dropout stay slow: where they rise before a weight has fallen, it never does.
const pace = 10

// greatestStart is where an alpha that is bounded by 1 starts at most: at 1 itself its parameter would be infinite.
const greatestStart = 0.95

// parameters makes what the layer learns of its noise, and its KL.
func (r *rewriter) parameters(l *VariationalLayer, n *graph.Node, data, weight int, rate float64) {
	w := l.Weight
	shape, _ := w.Shape.Known()
	switch {
	case r.Dropout.bounded():
		alpha := min(alphaOf(rate), greatestStart)
		l.Alpha = r.param(l.Name+".alpha", w.DType, r.alphaShape(n, data, weight), math.Log(alpha/(1-alpha))/pace)
		l.logit = r.g.Mul(l.Alpha, r.g.Scalar(pace, w))
		count := float64(tensor.Shape(shape).Size())
		if r.Dropout.onInputs() {
			count = float64(fanIn(n, weight))
		}
		if r.Dropout == VariationalDropoutA2 {
			count /= 3
		}
		l.KL = boundedKL(r.g, l.logit, count/float64(max(1, l.Alpha.Data.Len())))
	case r.Dropout == GaussianWeights || r.Dropout == SparseDropout:
		l.LogVariance = r.param(l.Name+".log_variance", w.DType, shape, or(r.LogVariance, -10))
		if r.Dropout == SparseDropout {
			l.KL = sparseKL(r.g, w, l.LogVariance)
		} else {
			l.KL = gaussianKL(r.g, w, l.LogVariance, or(r.Prior, 1))
		}
	}
}

// param adds a new weight filled with start, or with the tensor that an earlier rewrite made for it.
func (r *rewriter) param(name string, dtype tensor.DType, shape []int, start float64) *graph.Value {
	if r.g.Value(name) != nil {
		name = r.g.Fresh(name)
	}
	t := r.held[name]
	if t == nil {
		t = tensor.New(dtype, shape...)
		if dtype == tensor.Float64 {
			fill(tensor.Data[float64](t), start)
		} else {
			fill(tensor.Data[float32](t), float32(start))
		}
		r.held[name] = t
	}
	v := r.g.Weight(name, t)
	r.out.Params = append(r.out.Params, v)
	return v
}

func fill[T float](x []T, v T) {
	for i := range x {
		x[i] = v
	}
}

// alphaShape is the shape of a layer's alpha: it broadcasts to the weights, or to the inputs where the noise is on those.
func (r *rewriter) alphaShape(n *graph.Node, data, weight int) []int {
	w, _ := n.Inputs[weight].Shape.Known()
	if r.Per == PerLayer {
		return []int{1}
	}
	if r.Per == PerWeight {
		return w
	}
	in, out := axesOf(n, weight)
	if !r.Dropout.onInputs() {
		shape := ones(len(w))
		shape[out] = w[out]
		return shape
	}
	x := len(n.Inputs[data].Shape)
	shape := ones(x)
	switch n.Op {
	case "Conv", "ConvTranspose":
		shape[1] = w[in]
		if n.Op == "Conv" {
			shape[1] *= n.Int("group", 1)
		}
	default:
		axis := x - 1 // the data's axis that is summed over
		if data == 1 {
			axis = max(x-2, 0)
		}
		if data == 0 && n.Int("transA", 0) != 0 || data == 1 && n.Int("transB", 0) != 0 {
			axis = 2*x - 3 - axis
		}
		shape[axis] = w[in]
	}
	return shape
}

// axesOf are the axes of a layer's weights that count its inputs and its outputs. A vector has one for both.
func axesOf(n *graph.Node, weight int) (in, out int) {
	rank := len(n.Inputs[weight].Shape)
	switch n.Op {
	case "Conv":
		return 1, 0
	case "ConvTranspose":
		return 0, 1
	}
	if rank == 1 {
		return 0, 0
	}
	in, out = rank-2, rank-1
	transposed := n.Int("transB", 0) != 0
	if weight == 0 { // w x: its rows are the outputs
		in, out = out, in
		transposed = n.Int("transA", 0) != 0
	}
	if transposed {
		in, out = out, in
	}
	return in, out
}

// fanIn is the number of weights that lead to one output.
func fanIn(n *graph.Node, weight int) int {
	w, _ := n.Inputs[weight].Shape.Known()
	in, out := axesOf(n, weight)
	if in == out {
		return w[in]
	}
	count := w[in]
	if n.Op == "Conv" || n.Op == "ConvTranspose" {
		for _, k := range w[2:] {
			count *= k
		}
	}
	if n.Op == "ConvTranspose" {
		count /= n.Int("group", 1)
	}
	return count
}

func ones(rank int) []int {
	shape := make([]int, rank)
	for i := range shape {
		shape[i] = 1
	}
	return shape
}
