package graph

import "fmt"

// SELU's constants (Klambauer et al. 2017, appendix), as ONNX rounds them.
const (
	seluAlpha = 1.67326319217681884765625
	seluGamma = 1.05070102214813232421875
)

// activation is unary for an operator with attributes.
func activation(name string, grad func(g *Graph, n *Node, x, y, dy *Value) *Value) *Op {
	op := unary(name, nil)
	op.Gradient = func(g *Graph, n *Node, dy []*Value) []*Value {
		return []*Value{grad(g, n, n.Inputs[0], n.Outputs[0], dy[0])}
	}
	return op
}

func init() {
	register(
		// y = tanh(x), so dx = dy * (1 - y*y).
		unary("Tanh", func(g *Graph, x, y, dy *Value) *Value { return g.Mul(dy, g.Sub(g.Scalar(1, y), g.Square(y))) }),
		// y = 1 / (1 + e^-x), so dx = dy * y * (1 - y).
		unary("Sigmoid", func(g *Graph, x, y, dy *Value) *Value { return g.Mul(dy, g.Mul(y, g.Sub(g.Scalar(1, y), y))) }),
		// y = log(1 + e^x), so dx = dy * sigmoid(x).
		unary("Softplus", func(g *Graph, x, y, dy *Value) *Value { return g.Mul(dy, g.Sigmoid(x)) }),
		// y = x / (1 + |x|), so dx = dy / (1 + |x|)^2.
		unary("Softsign", func(g *Graph, x, y, dy *Value) *Value {
			return g.Div(dy, g.Square(g.Add(g.Scalar(1, x), g.Abs(x))))
		}),
		// y = max(x, 0), so dx = dy where x > 0.
		unary("Relu", func(g *Graph, x, y, dy *Value) *Value { return g.whenAbove(x, 0, dy, g.Scalar(0, x)) }),
		// y = x where x > alpha and 0 elsewhere, so dx = dy where x > alpha.
		activation("ThresholdedRelu", func(g *Graph, n *Node, x, y, dy *Value) *Value {
			return g.whenAbove(x, n.attr("alpha", 1), dy, g.Scalar(0, x))
		}),
		// y = x, and alpha x where x < 0, so dx = dy, and alpha dy there.
		activation("LeakyRelu", func(g *Graph, n *Node, x, y, dy *Value) *Value {
			return g.whenAbove(x, 0, dy, g.Mul(dy, g.Scalar(n.attr("alpha", 0.01), x)))
		}),
		// y = x, and alpha (e^x - 1) where x < 0, so dx = dy, and dy (y + alpha) there.
		activation("Elu", func(g *Graph, n *Node, x, y, dy *Value) *Value {
			return g.whenAbove(x, 0, dy, g.Mul(dy, g.Add(y, g.Scalar(n.attr("alpha", 1), x))))
		}),
		// y = x, and alpha (e^(x/alpha) - 1) where x < 0, so dx = dy, and dy (y/alpha + 1) there.
		activation("Celu", func(g *Graph, n *Node, x, y, dy *Value) *Value {
			slope := g.Add(g.Mul(y, g.Scalar(1/n.attr("alpha", 1), x)), g.Scalar(1, x))
			return g.whenAbove(x, 0, dy, g.Mul(dy, slope))
		}),
		// y = gamma x, and gamma alpha (e^x - 1) where x <= 0, so dx = gamma dy, and dy (y + gamma alpha) there.
		activation("Selu", func(g *Graph, n *Node, x, y, dy *Value) *Value {
			alpha, gamma := n.attr("alpha", seluAlpha), n.attr("gamma", seluGamma)
			return g.Mul(dy, g.whenAbove(x, 0, g.Scalar(gamma, x), g.Add(y, g.Scalar(gamma*alpha, x))))
		}),
		// y = min(max(alpha x + beta, 0), 1), so dx = alpha dy where 0 < y < 1.
		activation("HardSigmoid", func(g *Graph, n *Node, x, y, dy *Value) *Value {
			return g.Where(g.strictlyWithin(y, 0, 1), g.Mul(dy, g.Scalar(n.attr("alpha", 0.2), x)), g.Scalar(0, x))
		}),
		// y = x h, h = min(max(x/6 + 1/2, 0), 1), so dx = dy (h + x/6 [0 < h < 1]).
		unary("HardSwish", func(g *Graph, x, y, dy *Value) *Value {
			sixth := g.Div(x, g.Scalar(6, x))
			h := g.Min(g.Max(g.Add(sixth, g.Scalar(0.5, x)), g.Scalar(0, x)), g.Scalar(1, x))
			return g.Mul(dy, g.Add(h, g.Where(g.strictlyWithin(h, 0, 1), sixth, g.Scalar(0, x))))
		}),
		preluOp(),
		clipOp(),
	)
}

// attr is the float attribute called name, or def.
func (n *Node) attr(name string, def float64) float64 {
	if !n.Has(name) {
		return def
	}
	return float64(n.Float(name, 0))
}

// whenAbove is a where x > c and b elsewhere.
func (g *Graph) whenAbove(x *Value, c float64, a, b *Value) *Value {
	return g.Where(g.Greater(x, g.Scalar(c, x)), a, b)
}

func (g *Graph) strictlyWithin(x *Value, lo, hi float64) *Value {
	return g.And(g.Greater(x, g.Scalar(lo, x)), g.Less(x, g.Scalar(hi, x)))
}

// preluOp is y = x, and s x where x < 0, so dx = dy, and s dy there; ds = x dy there, summed to the shape of s.
func preluOp() *Op {
	return &Op{Name: "PRelu", Inputs: [2]int{2, 2}, Outputs: [2]int{1, 1},
		Infer: func(n *Node) error {
			x, s := n.Inputs[0], n.Inputs[1]
			if err := inferBroadcast(n, x, s); err != nil {
				return err
			}
			if len(s.Shape) > len(x.Shape) {
				return fmt.Errorf("the slope %v must broadcast to %v", s.Shape, x.Shape)
			}
			return sameAsInput(n)
		},
		Gradient: func(g *Graph, n *Node, dy []*Value) []*Value {
			x, s := n.Inputs[0], n.Inputs[1]
			dx := g.whenAbove(x, 0, dy[0], g.Mul(dy[0], s))
			ds := g.whenAbove(x, 0, g.Scalar(0, x), g.Mul(dy[0], x))
			return []*Value{sumTo(g, dx, x), sumTo(g, ds, s)}
		}}
}

// clipOp is y = min(max(x, lo), hi), so dx = dy where lo <= x <= hi, as in PyTorch; a bound has what it cut off.
func clipOp() *Op {
	return &Op{Name: "Clip", Inputs: [2]int{1, 3}, Outputs: [2]int{1, 1}, Infer: inferClip,
		Gradient: func(g *Graph, n *Node, dy []*Value) []*Value {
			x, zero := n.Inputs[0], g.Scalar(0, n.Inputs[0])
			out := make([]*Value, len(n.Inputs))
			dx := dy[0]
			if lo := n.Input(1); lo != nil {
				below := g.Less(x, lo)
				dx = g.Where(below, zero, dx)
				out[1] = sumTo(g, g.Where(below, dy[0], zero), lo)
			}
			if hi := n.Input(2); hi != nil {
				above := g.Greater(x, hi)
				dx = g.Where(above, zero, dx)
				out[2] = sumTo(g, g.Where(above, dy[0], zero), hi)
			}
			out[0] = dx
			return out
		}}
}

func inferClip(n *Node) error {
	x := n.Inputs[0]
	for _, bound := range n.Inputs[1:] {
		if bound == nil {
			continue
		}
		if k, ok := bound.Shape.Size().Known(); ok && k != 1 || bound.DType != x.DType || len(bound.Shape) > len(x.Shape) {
			return fmt.Errorf("the bound %v must be a scalar of type %v", bound, x.DType)
		}
	}
	return sameAsInput(n)
}

// Tanh is tanh(x).
func (g *Graph) Tanh(x *Value) *Value { return g.Node("Tanh", nil, x) }

// Sigmoid is 1 / (1 + e^-x).
func (g *Graph) Sigmoid(x *Value) *Value { return g.Node("Sigmoid", nil, x) }

// Softplus is log(1 + e^x).
func (g *Graph) Softplus(x *Value) *Value { return g.Node("Softplus", nil, x) }

// Softsign is x / (1 + |x|).
func (g *Graph) Softsign(x *Value) *Value { return g.Node("Softsign", nil, x) }

// Relu is max(x, 0).
func (g *Graph) Relu(x *Value) *Value { return g.Node("Relu", nil, x) }

// LeakyRelu is x, and alpha x where x is negative.
func (g *Graph) LeakyRelu(x *Value, alpha float64) *Value {
	return g.Node("LeakyRelu", Attrs{"alpha": float32(alpha)}, x)
}

// Elu is x, and alpha (e^x - 1) where x is negative.
func (g *Graph) Elu(x *Value, alpha float64) *Value {
	return g.Node("Elu", Attrs{"alpha": float32(alpha)}, x)
}

// Clip is x, but not below lo and not above hi.
func (g *Graph) Clip(x *Value, lo, hi float64) *Value {
	return g.Node("Clip", nil, x, g.Scalar(lo, x), g.Scalar(hi, x))
}
