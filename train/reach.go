package train

import (
	"math"

	"github.com/elbo-ml/elbo/tensor"
)

// reacher is a rule that tells how far its next step can take a weight, whatever its state holds. Where that is within
// the numbers, which it is in every training that works, no weight can go out of range, so none has to be kept to go back to.
type reacher interface {
	// reach bounds the size of every weight after a step at the given rate, where none was larger than p before it, and
	// no gradient so far, and nothing that the state held at first, larger than g. It may be infinite.
	reach(rate, p, g float64) float64
}

// farthest is half of what float32 holds: room for the roundings that reach does not count.
const farthest = math.MaxFloat32 / 2

// extent is what an updater knows of the numbers it works on.
type extent struct {
	known            bool
	weight, gradient float64 // bounds on their size
}

// inReach reports whether the step at hand, with gradients of size g at most, keeps every weight in range, and counts it.
func (u *updater) inReach(g float64) bool {
	r, ok := u.rule.(reacher)
	if !ok {
		return false
	}
	e := &u.extent
	if !e.known {
		e.known, e.weight = true, math.Inf(1)
		for _, p := range u.params {
			for _, s := range p.state {
				e.gradient = max(e.gradient, largest(s))
			}
		}
	}
	e.gradient = max(e.gradient, g)
	after := r.reach(u.rate, e.weight, e.gradient)
	if !(after <= farthest) {
		e.weight = 0
		for _, p := range u.params {
			e.weight = max(e.weight, largest(p.weight))
		}
		after = r.reach(u.rate, e.weight, e.gradient)
	}
	e.weight = after
	return after <= farthest
}

// largest is the size of t's largest element.
func largest(t *tensor.Tensor) float64 {
	if t.DType() == tensor.Float64 {
		return largestOf(tensor.Data[float64](t))
	}
	return largestOf(tensor.Data[float32](t))
}

func largestOf[T float](x []T) float64 {
	var most T
	for _, v := range x {
		most = max(most, v, -v)
	}
	return float64(most)
}

// m is a mean of gradients, and what divides it is Epsilon at least.
func (o Adam) reach(rate, p, g float64) float64 {
	if o.AMSGrad || o.epsilon() == 0 {
		return math.Inf(1)
	}
	keep := max(1, rate*or(o.WeightDecay, 0)-1)
	return keep*p + rate/(1-or(o.Beta1, 0.9))*g/o.epsilon()
}

func (o AdaGrad) reach(rate, p, g float64) float64 { return p + rate*g/or(o.Epsilon, 1e-10) }

func (o RMSProp) reach(rate, p, g float64) float64 {
	return p + rate*g/or(o.Epsilon, 1e-8)/(1-or(o.Momentum, 0))
}

func (o SGD) reach(rate, p, g float64) float64 { return p + rate*g/(1-or(o.Momentum, 0)) }
