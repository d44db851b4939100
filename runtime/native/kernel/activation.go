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
		unary("Relu", relu[float32], relu[float64]),
		unary("Softsign", each(softsign[float32]), each(softsign[float64])),
		unary("HardSwish", each(hardSwish[float32]), each(hardSwish[float64])),
		withAttrs("LeakyRelu", leakyRelu[float32], leakyRelu[float64]),
		withAttrs("ThresholdedRelu", thresholdedRelu[float32], thresholdedRelu[float64]),
		withAttrs("HardSigmoid", hardSigmoid[float32], hardSigmoid[float64]),
		withAttrs("Elu", elu[float32], elu[float64]),
		withAttrs("Selu", selu[float32], selu[float64]),
		withAttrs("Celu", celu[float32], celu[float64]),
		arithmeticFloat("PRelu", byElement(prelu[float32]), byElement(prelu[float64])),
	)
}

// withAttrs is the row of a function of one element that has attributes.
func withAttrs(op string, f32 func(c *Call) func(float32) float32, f64 func(c *Call) func(float64) float64) *Kernel {
	return &Kernel{Op: op, InPlace: []int{0}, Types: floats(
		func(c *Call) (Task, error) { return elementwise(each(f32(c)))(c) },
		func(c *Call) (Task, error) { return elementwise(each(f64(c)))(c) },
	), Loop: func(n *graph.Node) *Loop { return &Loop{Unary: each(f32(&Call{Node: n}))} }}
}

// relu is max(x, 0); NaN stays.
func relu[T Float](y, x []T) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] = max(v, 0)
	}
}

func softsign[T Float](x T) T {
	if x < 0 {
		return x / (1 - x)
	}
	return x / (1 + x)
}

// hardSwish is x * max(0, min(1, x/6 + 1/2)).
func hardSwish[T Float](x T) T { return x * max(0, min(1, x/6+0.5)) }

func leakyRelu[T Float](c *Call) func(T) T {
	alpha := T(c.Node.Float("alpha", 0.01))
	return func(x T) T {
		if x < 0 {
			return alpha * x
		}
		return x
	}
}

func thresholdedRelu[T Float](c *Call) func(T) T {
	alpha := T(c.Node.Float("alpha", 1))
	return func(x T) T {
		if x > alpha {
			return x
		}
		return 0
	}
}

// hardSigmoid is max(0, min(1, alpha*x + beta)).
func hardSigmoid[T Float](c *Call) func(T) T {
	alpha, beta := T(c.Node.Float("alpha", 0.2)), T(c.Node.Float("beta", 0.5))
	return func(x T) T { return max(0, min(1, alpha*x+beta)) }
}

// elu is x for x >= 0, alpha * (exp(x) - 1) below.
func elu[T Float](c *Call) func(T) T {
	alpha := float64(c.Node.Float("alpha", 1))
	return func(x T) T {
		if x < 0 {
			return T(alpha * math.Expm1(float64(x)))
		}
		return x
	}
}

// selu is gamma * elu(x), alpha and gamma those of Klambauer et al., arXiv 1706.02515.
func selu[T Float](c *Call) func(T) T {
	alpha := float64(c.Node.Float("alpha", 1.67326319217681884765625))
	gamma := float64(c.Node.Float("gamma", 1.05070102214813232421875))
	return func(x T) T {
		if x < 0 {
			return T(gamma * alpha * math.Expm1(float64(x)))
		}
		return T(gamma) * x
	}
}

// celu is max(0,x) + min(0, alpha * (exp(x/alpha) - 1)).
func celu[T Float](c *Call) func(T) T {
	alpha := float64(c.Node.Float("alpha", 1))
	return func(x T) T {
		if x < 0 {
			return T(alpha * math.Expm1(float64(x)/alpha))
		}
		return x
	}
}

// prelu is x for x >= 0, slope * x below.
func prelu[T Float](x, slope T) T {
	if x < 0 {
		return slope * x
	}
	return x
}
