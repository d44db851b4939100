package graph

import "fmt"

func init() {
	register(
		&Op{Name: "BatchNormalization", Inputs: [2]int{5, 5}, Outputs: [2]int{1, 3}, Infer: inferBatchNorm, Gradient: batchNormGradient},
		&Op{Name: "InstanceNormalization", Inputs: [2]int{3, 3}, Outputs: [2]int{1, 1}, Infer: inferInstanceNorm, Gradient: instanceNormGradient},
		&Op{Name: "LayerNormalization", Inputs: [2]int{2, 3}, Outputs: [2]int{1, 3}, Infer: inferLayerNorm, Gradient: layerNormGradient},
	)
}

// perChannel checks that each value is a vector with one entry per channel of x.
func perChannel(x *Value, vs ...*Value) error {
	if len(x.Shape) < 2 {
		return fmt.Errorf("the input %v has no channel axis", x.Shape)
	}
	for _, v := range vs {
		if v.DType != x.DType || len(v.Shape) != 1 || differ(v.Shape[0], x.Shape[1]) {
			return fmt.Errorf("%v must be %v[%v], one entry per channel", v, x.DType, x.Shape[1])
		}
	}
	return nil
}

func inferBatchNorm(n *Node) error {
	x := n.Inputs[0]
	if err := perChannel(x, n.Inputs[1:]...); err != nil {
		return err
	}
	if n.Int("training_mode", 0) == 0 && (n.Output(1) != nil || n.Output(2) != nil) {
		return fmt.Errorf("running statistics are outputs in training mode only")
	}
	for i := 1; i < len(n.Outputs); i++ {
		if v := n.Outputs[i]; v != nil {
			v.DType, v.Shape = n.Inputs[2+i].DType, n.Inputs[2+i].Shape
		}
	}
	return sameAsInput(n)
}

func inferInstanceNorm(n *Node) error {
	if err := perChannel(n.Inputs[0], n.Inputs[1:]...); err != nil {
		return err
	}
	return sameAsInput(n)
}

func inferLayerNorm(n *Node) error {
	x := n.Inputs[0]
	a, err := axis(n.Int("axis", -1), len(x.Shape))
	if err != nil {
		return err
	}
	for _, v := range n.Inputs[1:] {
		if v == nil {
			continue
		}
		if v.DType != x.DType {
			return fmt.Errorf("%v must be %v as the input", v, x.DType)
		}
		s, err := Broadcast(v.Shape, x.Shape)
		if err != nil || len(s) != len(x.Shape) {
			return fmt.Errorf("%v does not broadcast to the input %v", v, x.Shape)
		}
	}
	for i := 1; i < len(n.Outputs); i++ {
		if v := n.Outputs[i]; v != nil {
			v.DType, v.Shape = x.DType, append(Shape{}, x.Shape...)
			for j := a; j < len(v.Shape); j++ {
				v.Shape[j] = N(1)
			}
		}
	}
	return sameAsInput(n)
}

// onChannels views a vector of one entry per channel as [1, c, 1, ...], so that it broadcasts to rank axes.
func (g *Graph) onChannels(v *Value, rank int) *Value {
	view := make([]int, rank-1)
	for i := range view {
		view[i] = 1
	}
	view[0] = -1
	return g.Reshape(v, g.Int64s(view...))
}

// standardised is (x - mean) / sqrt(var + epsilon) over the axes, and the factor 1 / sqrt(var + epsilon).
func (g *Graph) standardised(x *Value, epsilon float64, axes []int) (xhat, inv *Value) {
	centred := g.Sub(x, g.ReduceMean(x, true, axes...))
	variance := g.ReduceMean(g.Square(centred), true, axes...)
	inv = g.Reciprocal(g.Sqrt(g.Add(variance, g.Scalar(epsilon, x))))
	return g.Mul(centred, inv), inv
}

// unstandardised is dx of xhat = standardised(x): inv * (d - mean(d) - xhat * mean(d * xhat)), means over the axes.
func (g *Graph) unstandardised(d, xhat, inv *Value, axes []int) *Value {
	d = g.expandLike(d, xhat)
	along := g.Mul(xhat, g.ReduceMean(g.Mul(d, xhat), true, axes...))
	return g.Mul(inv, g.Sub(g.Sub(d, g.ReduceMean(d, true, axes...)), along))
}

// ofOutput is dy of output 0. The statistics that a normalisation also gives have no gradient here.
func (g *Graph) ofOutput(n *Node, dy []*Value) *Value {
	for _, d := range dy[1:] {
		if d != nil {
			g.Fail(fmt.Errorf("graph: gradient of the statistics of %s %q: %w", n.Op, n.Name, ErrUnsupported))
		}
	}
	return dy[0]
}

// y = scale * xhat + b. In training mode xhat is x standardised by the batch; otherwise xhat = (x - mean) * inv with
// inv = 1 / sqrt(var + epsilon), and with d = sum dy:
// dx = dy * scale * inv, dscale = sum dy * xhat, db = d, dmean = -d * scale * inv,
// dvar = -1/2 sum(dy * xhat) * scale * inv^2.
func batchNormGradient(g *Graph, n *Node, dy []*Value) []*Value {
	x, scale, mean, variance := n.Inputs[0], n.Inputs[1], n.Inputs[3], n.Inputs[4]
	d := g.ofOutput(n, dy)
	if d == nil {
		return make([]*Value, 5)
	}
	rank, over, epsilon := len(x.Shape), notChannel(x), n.attr("epsilon", 1e-5)
	if n.Int("training_mode", 0) != 0 {
		xhat, inv := g.standardised(x, epsilon, over)
		dx := g.unstandardised(g.Mul(d, g.onChannels(scale, rank)), xhat, inv, over)
		return []*Value{dx, g.sumPerChannel(g.Mul(d, xhat)), g.sumPerChannel(d), nil, nil}
	}
	inv := g.Reciprocal(g.Sqrt(g.Add(variance, g.Scalar(epsilon, variance))))
	xhat := g.Mul(g.Sub(x, g.onChannels(mean, rank)), g.onChannels(inv, rank))
	slope := g.Mul(scale, inv)
	sum, dscale := g.sumPerChannel(d), g.sumPerChannel(g.Mul(d, xhat))
	dmean := g.Neg(g.Mul(sum, slope))
	dvar := g.Mul(g.Scalar(-0.5, x), g.Mul(dscale, g.Mul(slope, inv)))
	return []*Value{g.Mul(d, g.onChannels(slope, rank)), dscale, sum, dmean, dvar}
}

// y = scale * xhat + b, with xhat standardised over the spatial axes of each channel of each row.
func instanceNormGradient(g *Graph, n *Node, dy []*Value) []*Value {
	x, scale, d := n.Inputs[0], n.Inputs[1], dy[0]
	rank := len(x.Shape)
	if rank < 3 {
		g.Fail(fmt.Errorf("graph: gradient of InstanceNormalization %q on %v: no spatial axis", n.Name, x.Shape))
		return nil
	}
	over := allAxes(rank)[2:]
	xhat, inv := g.standardised(x, n.attr("epsilon", 1e-5), over)
	dx := g.unstandardised(g.Mul(d, g.onChannels(scale, rank)), xhat, inv, over)
	return []*Value{dx, g.sumPerChannel(g.Mul(d, xhat)), g.sumPerChannel(d)}
}

// y = scale * xhat + b, with xhat standardised over the axes from axis on.
func layerNormGradient(g *Graph, n *Node, dy []*Value) []*Value {
	x, scale := n.Inputs[0], n.Inputs[1]
	d := g.ofOutput(n, dy)
	out := make([]*Value, len(n.Inputs))
	if d == nil {
		return out
	}
	a, err := axis(n.Int("axis", -1), len(x.Shape))
	g.Fail(err)
	over := allAxes(len(x.Shape))[a:]
	xhat, inv := g.standardised(x, n.attr("epsilon", 1e-5), over)
	out[0] = g.unstandardised(g.Mul(d, scale), xhat, inv, over)
	out[1] = sumTo(g, g.Mul(d, xhat), scale)
	if b := n.Input(2); b != nil {
		out[2] = sumTo(g, d, b)
	}
	return out
}
