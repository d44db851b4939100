package train

import (
	"errors"
	"fmt"
	"math"
)

// RMSProp divides by the root of a running mean of squared gradients (Tieleman and Hinton, 2012, lecture 6.5):
//
//	v = Decay*v + (1-Decay)*g*g
//	p -= LearningRate * g / (sqrt(v) + Epsilon)
//
// and v starts at 0. With Momentum, what is subtracted is b = Momentum*b + LearningRate * g/(sqrt(v) + Epsilon).
type RMSProp struct {
	LearningRate float64 // 0 is 0.001
	Decay        float64 // 0 is 0.9, Zero is 0
	Epsilon      float64 // 0 is 1e-8
	Momentum     float64 // 0 is none
}

// Name is "rmsprop".
func (RMSProp) Name() string { return "rmsprop" }

// Rate is the learning rate.
func (o RMSProp) Rate() float64 { return or(o.LearningRate, 0.001) }

// State is v and, with momentum, b.
func (o RMSProp) State() []string {
	if or(o.Momentum, 0) == 0 {
		return []string{"v"}
	}
	return []string{"v", "b"}
}

// Check reports a setting that cannot be used.
func (o RMSProp) Check() error {
	return errors.Join(rateInRange("rmsprop", o.LearningRate),
		inRange("rmsprop", "decay", o.Decay, 0, 1), inRange("rmsprop", "momentum", o.Momentum, 0, 1),
		inRange("rmsprop", "epsilon", o.Epsilon, 0, math.MaxFloat64))
}

func (o RMSProp) String() string {
	return fmt.Sprintf("rmsprop(learning_rate=%v, decay=%v, epsilon=%v, momentum=%v)",
		o.Rate(), or(o.Decay, 0.9), or(o.Epsilon, 1e-8), or(o.Momentum, 0))
}

// Update32 is the rule on float32.
func (o RMSProp) Update32(t int, rate float64, p, g []float32, state [][]float32) {
	rmsprop(o, rate, p, g, state)
}

// Update64 is the rule on float64.
func (o RMSProp) Update64(t int, rate float64, p, g []float64, state [][]float64) {
	rmsprop(o, rate, p, g, state)
}

func rmsprop[T float](o RMSProp, rate float64, p, g []T, state [][]T) {
	rho := or(o.Decay, 0.9)
	a, decay, one, eps, mu := T(rate), T(rho), T(1-rho), T(or(o.Epsilon, 1e-8)), T(or(o.Momentum, 0))
	v, g := state[0][:len(p)], g[:len(p)]
	var b []T
	if len(state) > 1 {
		b = state[1][:len(p)]
	}
	for i := range p {
		v[i] = decay*v[i] + one*g[i]*g[i]
		var d T
		if g[i] != 0 {
			d = a * g[i] / (T(math.Sqrt(float64(v[i]))) + eps)
		}
		if b != nil {
			b[i] = mu*b[i] + d
			d = b[i]
		}
		p[i] -= d
	}
}
