//go:build cgo

package ort

import (
	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// inFloat64 spells out, in operators that ONNX Runtime's CPU provider computes in float64, those that it computes in
// float32 only. Each rule is the operator's definition in ONNX.
var inFloat64 = map[string]func(g *graph.Graph, n *graph.Node) *graph.Value{
	// max(x, 0) + log(1 + exp(-|x|)), which does not overflow.
	"Softplus": func(g *graph.Graph, n *graph.Node) *graph.Value {
		x := n.Inputs[0]
		return g.Add(g.Max(x, g.Scalar(0, x)), g.Log(g.Add(g.Scalar(1, x), g.Exp(g.Neg(g.Abs(x))))))
	},
	// x / (1 + |x|)
	"Softsign": func(g *graph.Graph, n *graph.Node) *graph.Value {
		x := n.Inputs[0]
		return g.Div(x, g.Add(g.Scalar(1, x), g.Abs(x)))
	},
	// x where x > 0, and alpha (exp(x) - 1) elsewhere
	"Elu": func(g *graph.Graph, n *graph.Node) *graph.Value {
		return bent(g, n.Inputs[0], 1, float64(n.Float("alpha", 1)), 1)
	},
	// gamma x where x > 0, and gamma alpha (exp(x) - 1) elsewhere
	"Selu": func(g *graph.Graph, n *graph.Node) *graph.Value {
		alpha, gamma := float64(n.Float("alpha", 1.67326319217681884765625)), float64(n.Float("gamma", 1.05070102214813232421875))
		return bent(g, n.Inputs[0], gamma, gamma*alpha, 1)
	},
	// x where x > 0, and alpha (exp(x/alpha) - 1) elsewhere
	"Celu": func(g *graph.Graph, n *graph.Node) *graph.Value {
		alpha := float64(n.Float("alpha", 1))
		return bent(g, n.Inputs[0], 1, alpha, alpha)
	},
	"HardSigmoid": func(g *graph.Graph, n *graph.Node) *graph.Value {
		return ramp(g, n.Inputs[0], float64(n.Float("alpha", 0.2)), float64(n.Float("beta", 0.5)))
	},
	// x ramp(x/6 + 1/2)
	"HardSwish": func(g *graph.Graph, n *graph.Node) *graph.Value {
		x := n.Inputs[0]
		return g.Mul(x, ramp(g, x, 1.0/6, 0.5))
	},
	// x where x > alpha, and 0 elsewhere
	"ThresholdedRelu": func(g *graph.Graph, n *graph.Node) *graph.Value {
		x := n.Inputs[0]
		return g.Where(g.Greater(x, g.Scalar(float64(n.Float("alpha", 1)), x)), x, g.Scalar(0, x))
	},
}

// bent is slope x where x > 0, and height (exp(x/width) - 1) elsewhere.
func bent(g *graph.Graph, x *graph.Value, slope, height, width float64) *graph.Value {
	zero := g.Scalar(0, x)
	below := g.Mul(g.Scalar(height, x), g.Sub(g.Exp(g.Div(g.Min(x, zero), g.Scalar(width, x))), g.Scalar(1, x)))
	return g.Where(g.Greater(x, zero), g.Mul(g.Scalar(slope, x), x), below)
}

// ramp is slope x + offset, between 0 and 1.
func ramp(g *graph.Graph, x *graph.Value, slope, offset float64) *graph.Value {
	y := g.Add(g.Mul(x, g.Scalar(slope, x)), g.Scalar(offset, x))
	return g.Max(g.Min(y, g.Scalar(1, x)), g.Scalar(0, x))
}

// spellOut replaces g's nodes by their rules, and names locales. g is changed.
func spellOut(g *graph.Graph) {
	nodes := g.Nodes
	g.Nodes = nil
	for _, n := range nodes {
		if n.Op == "StringNormalizer" {
			nameLocale(n)
		}
		rule := ruleOf(n)
		if rule == nil {
			g.Nodes = append(g.Nodes, n)
			continue
		}
		// The last node of the rule computes the value that the others know.
		last := rule(g, n).Producer
		last.Outputs[0] = n.Outputs[0]
		n.Outputs[0].Producer = last
	}
}

// ruleOf is the rule of a node that ONNX Runtime does not compute in its types; nil where it does.
func ruleOf(n *graph.Node) func(g *graph.Graph, n *graph.Node) *graph.Value {
	switch {
	case n.Domain != "" || len(n.Inputs) == 0 || n.Inputs[0] == nil:
		return nil
	case n.Inputs[0].DType == tensor.Float64:
		return inFloat64[n.Op]
	case n.Op == "Pow" && wholeExponents[n.Inputs[1].DType] != 0:
		return withWideExponent
	case inWider[n.Op][n.Outputs[0].DType] != 0:
		return widened
	}
	return nil
}
