package train

import (
	"fmt"
	"math"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// rewriter puts noise on the weights of a graph, in place.
type rewriter struct {
	VariationalOptions
	g    *graph.Graph
	out  *VariationalGraph
	held map[string]*tensor.Tensor // the parameters of an earlier rewrite of the same model, by name

	fed    map[*graph.Value]bool // what depends on an input
	weight map[*graph.Value]bool // what depends on weights of real numbers and on no input
	behind map[*graph.Value]bool // what depends on a layer with noise
	layers map[*graph.Value]*VariationalLayer
	used   []bool // patterns of Only that match something
	names  []string
}

// rewrite puts the noise on g itself. Parameters whose tensors stand in held take those, the others are put there.
func rewrite(g *graph.Graph, o VariationalOptions, held map[string]*tensor.Tensor) (*VariationalGraph, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	r := &rewriter{VariationalOptions: o, g: g, out: &VariationalGraph{Graph: g}, held: held, fed: map[*graph.Value]bool{},
		weight: map[*graph.Value]bool{}, behind: map[*graph.Value]bool{}, layers: map[*graph.Value]*VariationalLayer{}, used: make([]bool, len(o.Only))}
	for _, v := range g.Inputs {
		r.fed[v] = true
	}
	for _, v := range g.Weights {
		r.weight[v] = v.DType == tensor.Float32 || v.DType == tensor.Float64
	}
	nodes := g.Nodes
	g.Nodes = make([]*graph.Node, 0, 2*len(nodes)) // the builder methods append to it
	for _, n := range nodes {
		if err := r.visit(n); err != nil {
			return nil, fmt.Errorf("train: variational: node %q (%s): %w", n.Name, n.Op, err)
		}
	}
	for i, pattern := range o.Only {
		if !r.used[i] {
			return nil, fmt.Errorf("train: variational: %q matches no weight that a layer multiplies with; there are %v: %w", pattern, r.names, ErrOptions)
		}
	}
	if len(r.out.Layers) == 0 {
		return nil, fmt.Errorf("train: variational: the graph has no Gemm, MatMul, Conv or ConvTranspose of data and weights to put noise on: %w", ErrOptions)
	}
	r.sumKL()
	if err := g.Err(); err != nil {
		return nil, fmt.Errorf("train: variational: %w", err)
	}
	return r.out, nil
}

// visit appends n, with noise where it is a layer, and follows what depends on what.
func (r *rewriter) visit(n *graph.Node) error {
	data, weight, ok := r.operands(n)
	name := ""
	if ok {
		name = r.nameOf(n.Inputs[weight])
		if !slices.Contains(r.names, name) {
			r.names = append(r.names, name)
		}
		ok = r.wanted(name)
	}
	reads := func(those map[*graph.Value]bool) bool {
		return slices.ContainsFunc(n.Inputs, func(v *graph.Value) bool { return v != nil && those[v] })
	}
	fed, behind := reads(r.fed), ok || reads(r.behind)
	weighted := !fed && reads(r.weight)
	for _, y := range n.Outputs {
		if y != nil {
			r.fed[y], r.behind[y] = fed, behind
			r.weight[y] = weighted && (y.DType == tensor.Float32 || y.DType == tensor.Float64)
		}
	}
	if ok {
		return r.layer(n, data, weight, name)
	}
	r.g.Nodes = append(r.g.Nodes, n)
	return nil
}

// operands tells which inputs of n are data and weight, if it is a layer.
func (r *rewriter) operands(n *graph.Node) (data, weight int, ok bool) {
	if n.Domain != "" || len(n.Inputs) < 2 {
		return 0, 0, false
	}
	pair := func(data, weight int) bool { return r.fed[n.Inputs[data]] && r.weight[n.Inputs[weight]] }
	switch n.Op {
	case "Gemm", "MatMul":
		if pair(1, 0) {
			return 1, 0, true
		}
		return 0, 1, pair(0, 1)
	case "Conv", "ConvTranspose":
		return 0, 1, pair(0, 1)
	}
	return 0, 0, false
}

// nameOf is the name of the weight that v is, or is computed from.
func (r *rewriter) nameOf(v *graph.Value) string {
	for v.Producer != nil {
		i := slices.IndexFunc(v.Producer.Inputs, func(u *graph.Value) bool { return u != nil && r.weight[u] })
		v = v.Producer.Inputs[i]
	}
	return v.Name
}

func (r *rewriter) wanted(name string) bool {
	for _, pattern := range r.Except {
		if match(pattern, name) {
			return false
		}
	}
	hit := r.Only == nil
	for i, pattern := range r.Only {
		if match(pattern, name) {
			hit, r.used[i] = true, true
		}
	}
	return hit
}

// layer appends n with noise.
func (r *rewriter) layer(n *graph.Node, data, weight int, name string) error {
	rate := or(r.Rate, 0.5)
	if !r.behind[n.Inputs[data]] && r.InputRate != 0 {
		rate = or(r.InputRate, 0)
	}
	if _, known := n.Inputs[weight].Shape.Known(); !known {
		return fmt.Errorf("the weight %v has no known shape: %w", n.Inputs[weight], ErrOptions)
	}
	if _, _, ok := placed(n.Inputs[weight]); !ok && r.Dropout == SparseDropout {
		// Told now: at the end of a training it could not be pruned.
		return fmt.Errorf("%v is computed from the weight %s in ways that pruning cannot go back: choose others (Only, on the command line --dropout-only), or export the model with such nodes folded: %w",
			n.Inputs[weight], name, ErrOptions)
	}
	if rate == 0 && r.Dropout != GaussianWeights && r.Dropout != SparseDropout {
		r.g.Nodes = append(r.g.Nodes, n)
		return nil
	}
	w := n.Inputs[weight]
	l := r.layers[w]
	if l == nil {
		l = &VariationalLayer{Name: name, Weight: w}
		r.layers[w] = l
		r.out.Layers = append(r.out.Layers, l)
		r.parameters(l, n, data, weight, rate)
	}
	if r.Dropout.onInputs() {
		x := n.Inputs[data]
		n.Inputs[data] = r.g.Mul(x, r.factor(l, x, rate))
		r.g.Nodes = append(r.g.Nodes, n)
		return nil
	}
	return r.random(l, n, data, weight, rate)
}

// factor is the noise on the inputs x of a layer: of mean 1, and variance alpha.
func (r *rewriter) factor(l *VariationalLayer, x *graph.Value, rate float64) *graph.Value {
	g := r.g
	if r.Dropout == BinaryDropout {
		u := r.input(l, ".keep", x.DType, x.Shape, &r.out.Uniform)
		keep := g.Cast(g.GreaterOrEqual(u, g.Scalar(rate, u)), x.DType)
		return g.Mul(keep, g.Scalar(1/(1-rate), x))
	}
	eps := r.input(l, ".noise", x.DType, x.Shape, &r.out.Noise)
	return g.Add(g.Mul(r.relative(l, x, rate), eps), g.Scalar(1, x))
}

// relative is the standard deviation of the noise in units of what it is on: sqrt(alpha).
func (r *rewriter) relative(l *VariationalLayer, like *graph.Value, rate float64) *graph.Value {
	if l.Alpha == nil {
		return r.g.Scalar(math.Sqrt(alphaOf(rate)), like)
	}
	return r.g.Exp(r.g.Half(logAlphaOf(r.g, l.logit)))
}

// alphaOf is the variance of the Gaussian noise that stands for dropout with probability p.
func alphaOf(p float64) float64 { return p / (1 - p) }

// input adds an input for noise, named after the layer.
func (r *rewriter) input(l *VariationalLayer, kind string, dtype tensor.DType, shape graph.Shape, list *[]*graph.Value) *graph.Value {
	name := l.Name + kind
	if r.g.Value(name) != nil {
		name = r.g.Fresh(name)
	}
	v := r.g.InputOf(dtype, name, slices.Clone(shape))
	*list = append(*list, v)
	return v
}

// random appends n with random weights of mean w.
func (r *rewriter) random(l *VariationalLayer, n *graph.Node, data, weight int, rate float64) error {
	g, w := r.g, n.Inputs[weight]
	deviation := func() *graph.Value {
		if l.LogVariance != nil {
			return g.Exp(g.Half(l.LogVariance))
		}
		return g.Mul(r.relative(l, w, rate), w)
	}
	switch r.Sampling {
	case Shared:
		eps := r.input(l, ".noise", w.DType, w.Shape, &r.out.Noise)
		n.Inputs[weight] = g.Add(w, g.Mul(deviation(), eps))
		g.Nodes = append(g.Nodes, n)
		return nil
	case Separate:
		return r.separate(l, n, data, weight, deviation())
	}
	x, y := n.Inputs[data], n.Outputs[0]
	moments := make([]*graph.Value, 2)
	moments[data] = g.Square(x)
	if l.LogVariance != nil {
		moments[weight] = g.Exp(l.LogVariance)
	} else {
		moments[weight] = g.Square(deviation())
	}
	attrs := graph.Attrs{}
	for name, v := range n.Attrs {
		attrs[name] = v
	}
	if scale, ok := attrs["alpha"].(float32); ok { // Gemm's
		attrs["alpha"] = scale * scale
	}
	variance := g.Node(n.Op, attrs, moments...)
	// The root has no derivative at 0, where all of a row is 0 (arXiv 1701.05369's code adds the same).
	spread := g.Sqrt(g.Add(variance, g.Scalar(1e-8, variance)))
	eps := r.input(l, ".noise", y.DType, y.Shape, &r.out.Noise)
	mean := g.Node(n.Op, n.Attrs, n.Inputs...)
	r.take(y, g.Add(mean, g.Mul(spread, eps)))
	return nil
}

// take lets y be what computes v.
func (r *rewriter) take(y, v *graph.Value) {
	n := v.Producer
	n.Outputs[0], y.Producer = y, n
	r.g.Fail(graph.InferNode(n))
}

// separate appends a layer [batch, in] -> [batch, out] whose weights are drawn for each datapoint.
func (r *rewriter) separate(l *VariationalLayer, n *graph.Node, data, weight int, deviation *graph.Value) error {
	g, x, w := r.g, n.Inputs[data], n.Inputs[weight]
	plain := n.Op == "MatMul" || n.Op == "Gemm" && n.Int("transA", 0) == 0 && n.Float("alpha", 1) == 1 && n.Float("beta", 1) == 1
	if !plain || data != 0 || len(x.Shape) != 2 || len(w.Shape) != 2 {
		return fmt.Errorf("weights are drawn for each datapoint in layers of [batch, in] alone: %w", ErrOptions)
	}
	eps := r.input(l, ".noise", w.DType, append(graph.Shape{x.Shape[0]}, w.Shape...), &r.out.Noise)
	each := g.Add(w, g.Mul(deviation, eps)) // [batch, w...]
	var y *graph.Value
	if n.Int("transB", 0) != 0 {
		y = g.Squeeze(g.MatMul(each, g.Unsqueeze(x, 2)), 2)
	} else {
		y = g.Squeeze(g.MatMul(g.Unsqueeze(x, 1), each), 1)
	}
	if b := n.Input(2); b != nil {
		y = g.Add(y, b)
	}
	r.take(n.Outputs[0], y)
	return nil
}
