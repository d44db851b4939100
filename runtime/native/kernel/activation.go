package kernel

import (
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/vec"
)

func init() {
	register(
		unary("Tanh", vec.Tanh, each(math.Tanh)),
		unary("Sigmoid", vec.Sigmoid, each(sigmoid64)),
		unary("Softplus", vec.Softplus, each(softplus64)),
		unary("Relu", vec.Relu, relu),
		unary("Softsign", vec.Softsign, each(softsign)),
		unary("HardSwish", vec.HardSwish, each(hardSwish)),
		withAttrs("LeakyRelu", leakyRelu32, leakyRelu),
		withAttrs("ThresholdedRelu", thresholdedRelu32, thresholdedRelu),
		withAttrs("HardSigmoid", hardSigmoid32, hardSigmoid),
		withAttrs("Elu", elu32, elu),
		withAttrs("Selu", selu32, selu),
		withAttrs("Celu", celu32, celu),
		arithmeticFloat("PRelu", binaryOp[float32, float32]{vv: vec.PRelu, vs: vec.PReluScalar, sv: vec.ScalarPRelu}, byElement(prelu)),
	)
}

// withAttrs is the row of a function that has attributes: of a slice of float32, or of one float64.
func withAttrs(op string, f32 func(n *graph.Node) func(y, x []float32), f64 func(n *graph.Node) func(float64) float64) *Kernel {
	return &Kernel{Op: op, InPlace: []int{0}, Types: floats(
		func(c *Call) (Task, error) { return elementwise(f32(c.Node))(c) },
		func(c *Call) (Task, error) { return elementwise(each(f64(c.Node)))(c) },
	), Loop: func(n *graph.Node) *Loop { return &Loop{Unary: f32(n)} }}
}

// relu is max(x, 0); NaN stays.
func relu(y, x []float64) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] = max(v, 0)
	}
}

func softsign(x float64) float64 { return x / (1 + math.Abs(x)) }

// hardSwish is x * max(0, min(1, x/6 + 1/2)).
func hardSwish(x float64) float64 { return x * max(0, min(1, x/6+0.5)) }

func leakyRelu32(n *graph.Node) func(y, x []float32) {
	alpha := n.Float("alpha", 0.01)
	return func(y, x []float32) { vec.LeakyRelu(y, x, alpha) }
}

func leakyRelu(n *graph.Node) func(float64) float64 {
	alpha := float64(n.Float("alpha", 0.01))
	return func(x float64) float64 { return prelu(x, alpha) }
}

func thresholdedRelu32(n *graph.Node) func(y, x []float32) {
	alpha := n.Float("alpha", 1)
	return func(y, x []float32) { vec.ThresholdedRelu(y, x, alpha) }
}

func thresholdedRelu(n *graph.Node) func(float64) float64 {
	alpha := float64(n.Float("alpha", 1))
	return func(x float64) float64 {
		if x > alpha {
			return x
		}
		return 0
	}
}

func hardSigmoid32(n *graph.Node) func(y, x []float32) {
	alpha, beta := n.Float("alpha", 0.2), n.Float("beta", 0.5)
	return func(y, x []float32) { vec.HardSigmoid(y, x, alpha, beta) }
}

// hardSigmoid is max(0, min(1, alpha*x + beta)).
func hardSigmoid(n *graph.Node) func(float64) float64 {
	alpha, beta := float64(n.Float("alpha", 0.2)), float64(n.Float("beta", 0.5))
	return func(x float64) float64 { return max(0, min(1, alpha*x+beta)) }
}

func elu32(n *graph.Node) func(y, x []float32) {
	alpha := n.Float("alpha", 1)
	return func(y, x []float32) { vec.Elu(y, x, alpha, 1, 1) }
}

// elu is x for x >= 0, alpha * (exp(x) - 1) below.
func elu(n *graph.Node) func(float64) float64 {
	alpha := float64(n.Float("alpha", 1))
	return func(x float64) float64 {
		if x < 0 {
			return alpha * math.Expm1(x)
		}
		return x
	}
}

// selu's defaults for alpha and gamma, those of Klambauer et al., arXiv 1706.02515.
const (
	seluAlpha = 1.67326319217681884765625
	seluGamma = 1.05070102214813232421875
)

func selu32(n *graph.Node) func(y, x []float32) {
	alpha, gamma := n.Float("alpha", seluAlpha), n.Float("gamma", seluGamma)
	return func(y, x []float32) { vec.Elu(y, x, float32(float64(gamma)*float64(alpha)), 1, gamma) }
}

// selu is gamma * elu(x).
func selu(n *graph.Node) func(float64) float64 {
	alpha, gamma := float64(n.Float("alpha", seluAlpha)), float64(n.Float("gamma", seluGamma))
	return func(x float64) float64 {
		if x < 0 {
			return gamma * alpha * math.Expm1(x)
		}
		return gamma * x
	}
}

func celu32(n *graph.Node) func(y, x []float32) {
	alpha := n.Float("alpha", 1)
	return func(y, x []float32) { vec.Elu(y, x, alpha, 1/alpha, 1) }
}

// celu is max(0,x) + min(0, alpha * (exp(x/alpha) - 1)).
func celu(n *graph.Node) func(float64) float64 {
	alpha := float64(n.Float("alpha", 1))
	return func(x float64) float64 {
		if x < 0 {
			return alpha * math.Expm1(x/alpha)
		}
		return x
	}
}

// prelu is x for x >= 0, slope * x below.
func prelu(x, slope float64) float64 {
	if x < 0 {
		return slope * x
	}
	return x
}
