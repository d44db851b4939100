package importer

import (
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// spelled are the operators that came, or took a type, after MinSaved, in operators of opset 13: each rule gives the node's
// outputs, or nil where it says too little. Each is ONNX's own definition.
var spelled = map[string]func(r *reformer, n *graph.Node) []*graph.Value{
	"Add":                wider,
	"BatchNormalization": batchNormalizationSpelled,
	"Div":                wider,
	"HardSwish": func(r *reformer, n *graph.Node) []*graph.Value { // x max(0, min(1, x/6 + 1/2))
		x := n.Inputs[0]
		return []*graph.Value{r.g.Mul(x, r.g.Node("HardSigmoid", graph.Attrs{"alpha": float32(1.0 / 6), "beta": float32(0.5)}, x))}
	},
	"IsInf": func(r *reformer, n *graph.Node) []*graph.Value {
		x := r.g.Cast(n.Inputs[0], tensor.Float32)
		return []*graph.Value{r.g.Node("IsInf", n.Attrs, x)}
	},
	"LayerNormalization": layerNormalizationSpelled,
	"Mul":                wider,
	"Relu":               wider,
	"Shape": func(r *reformer, n *graph.Node) []*graph.Value {
		g, whole := r.g, r.g.Node("Shape", nil, n.Inputs[0])
		return []*graph.Value{g.Node("Slice", nil, whole, g.Int64s(n.Int("start", 0)), g.Int64s(n.Int("end", math.MaxInt64)))}
	},
	"Sub":   wider,
	"Trilu": triluSpelled,
}

// wider computes in int32 what an opset has for no smaller integers; the cast back wraps around as they do.
func wider(r *reformer, n *graph.Node) []*graph.Value {
	dtype := n.Inputs[0].DType
	switch dtype {
	case tensor.Int8, tensor.Uint8, tensor.Int16, tensor.Uint16:
	case tensor.Int32:
		if n.Op == "Relu" {
			return []*graph.Value{r.g.Max(n.Inputs[0], r.g.Scalar(0, n.Inputs[0]))}
		}
		return nil
	default:
		return nil
	}
	var in []*graph.Value
	for _, v := range n.Inputs {
		in = append(in, r.g.Cast(v, tensor.Int32))
	}
	var y *graph.Value
	if n.Op == "Relu" {
		y = r.g.Max(in[0], r.g.Scalar(0, in[0]))
	} else {
		y = r.g.Node(n.Op, nil, in...)
	}
	return []*graph.Value{r.g.Cast(y, dtype)}
}

// layerNormalizationSpelled is (x - mean) / sqrt(var + epsilon) * scale + bias over the axes from axis on, and the mean and
// 1 / sqrt(var + epsilon) where they are wanted.
func layerNormalizationSpelled(r *reformer, n *graph.Node) []*graph.Value {
	g, x := r.g, n.Inputs[0]
	from := n.Int("axis", -1)
	if from < 0 {
		from += x.Rank()
	}
	var axes []int
	for a := from; a < x.Rank(); a++ {
		axes = append(axes, a)
	}
	in := x
	if x.DType == tensor.Float16 || x.DType == tensor.BFloat16 {
		in = g.Cast(x, tensor.Float32) // stash_type 1: the moments are of float32
	}
	mean := g.ReduceMean(in, true, axes...)
	d := g.Sub(in, mean)
	invert := g.Reciprocal(g.Sqrt(g.Add(g.ReduceMean(g.Mul(d, d), true, axes...), g.Scalar(float64(n.Float("epsilon", 1e-5)), in))))
	y := g.Cast(g.Mul(d, invert), x.DType)
	y = g.Mul(y, n.Inputs[1])
	if b := n.Input(2); b != nil {
		y = g.Add(y, b)
	}
	return []*graph.Value{y, mean, invert}
}

// batchNormalizationSpelled is training mode: the statistics are the batch's, and the running ones go on to
// momentum * running + (1 - momentum) * batch.
func batchNormalizationSpelled(r *reformer, n *graph.Node) []*graph.Value {
	if n.Int("training_mode", 0) == 0 {
		return nil
	}
	g, x := r.g, n.Inputs[0]
	var axes []int
	channel := make([]int, x.Rank()) // [1, c, 1, ...], and 1 elsewhere
	for a := range channel {
		channel[a] = 1
		if a != 1 {
			axes = append(axes, a)
		}
	}
	channel[1] = -1
	shape := g.Int64s(channel...)
	mean := g.ReduceMean(x, true, axes...)
	d := g.Sub(x, mean)
	variance := g.ReduceMean(g.Mul(d, d), true, axes...)
	y := g.Div(d, g.Sqrt(g.Add(variance, g.Scalar(float64(n.Float("epsilon", 1e-5)), x))))
	y = g.Add(g.Mul(y, g.Reshape(n.Inputs[1], shape)), g.Reshape(n.Inputs[2], shape))
	momentum := float64(n.Float("momentum", 0.9))
	running := func(old, batch *graph.Value) *graph.Value {
		batch = g.Cast(g.Reshape(batch, g.Int64s(-1)), old.DType)
		return g.Add(g.Mul(g.Scalar(momentum, old), old), g.Mul(g.Scalar(1-momentum, old), batch))
	}
	return []*graph.Value{y, running(n.Inputs[3], mean), running(n.Inputs[4], variance)}
}

// triluSpelled keeps x where column - row >= k (upper) or <= k.
func triluSpelled(r *reformer, n *graph.Node) []*graph.Value {
	g, x := r.g, n.Inputs[0]
	zero, one := g.Const(tensor.Scalar(int64(0))), g.Const(tensor.Scalar(int64(1)))
	extent := func(axis int) *graph.Value { // a scalar
		shape := g.Node("Shape", nil, x)
		return g.Squeeze(g.Node("Slice", nil, shape, g.Int64s(x.Rank()+axis), g.Int64s(x.Rank()+axis+1)), 0)
	}
	rows := g.Unsqueeze(g.Range(zero, extent(-2), one), 1)
	columns := g.Unsqueeze(g.Range(zero, extent(-1), one), 0)
	distance := g.Sub(columns, rows)
	k := n.Input(1)
	if k == nil {
		k = zero
	} else if k.Rank() > 0 {
		k = g.Squeeze(k, 0)
	}
	keep := "LessOrEqual"
	if n.Int("upper", 1) == 1 {
		keep = "GreaterOrEqual"
	}
	return []*graph.Value{g.Where(g.Node(keep, nil, distance, k), x, g.Scalar(0, x))}
}
