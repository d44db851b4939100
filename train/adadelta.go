package train

import (
	"errors"
	"fmt"
	"math"
)

// AdaDelta scales the gradient so that steps have the units of the weights (Zeiler, arXiv 1212.5701, algorithm 1):
//
//	v = Decay*v + (1-Decay)*g*g
//	d = sqrt(u + Epsilon) / sqrt(v + Epsilon) * g
//	u = Decay*u + (1-Decay)*d*d
//	p -= LearningRate * d
//
// and v and u start at 0.
type AdaDelta struct {
	LearningRate float64 // 0 is 1, the paper's rule
	Decay        float64 // rho; 0 is 0.9, Zero is 0
	Epsilon      float64 // 0 is 1e-6
}

// Name is "adadelta".
func (AdaDelta) Name() string { return "adadelta" }

// Rate is the learning rate.
func (o AdaDelta) Rate() float64 { return or(o.LearningRate, 1) }

// State is v and u.
func (AdaDelta) State() []string { return []string{"v", "u"} }

// Check reports a setting that cannot be used. Without Epsilon no step would ever be made.
func (o AdaDelta) Check() error {
	if o.Epsilon == Zero {
		return fmt.Errorf("train: adadelta: epsilon is 0, and so would be every step: %w", ErrOptions)
	}
	return errors.Join(rateInRange("adadelta", o.LearningRate),
		inRange("adadelta", "decay", o.Decay, 0, 1), inRange("adadelta", "epsilon", o.Epsilon, 0, math.MaxFloat64))
}

func (o AdaDelta) String() string {
	return fmt.Sprintf("adadelta(learning_rate=%v, decay=%v, epsilon=%v)", o.Rate(), or(o.Decay, 0.9), or(o.Epsilon, 1e-6))
}

// Update32 is the rule on float32.
func (o AdaDelta) Update32(t int, rate float64, p, g []float32, state [][]float32) {
	adadelta(o, rate, p, g, state)
}

// Update64 is the rule on float64.
func (o AdaDelta) Update64(t int, rate float64, p, g []float64, state [][]float64) {
	adadelta(o, rate, p, g, state)
}

func adadelta[T float](o AdaDelta, rate float64, p, g []T, state [][]T) {
	rho := or(o.Decay, 0.9)
	a, decay, one, eps := T(rate), T(rho), T(1-rho), T(or(o.Epsilon, 1e-6))
	v, u, g := state[0][:len(p)], state[1][:len(p)], g[:len(p)]
	for i := range p {
		v[i] = decay*v[i] + one*g[i]*g[i]
		d := T(math.Sqrt(float64((u[i]+eps)/(v[i]+eps)))) * g[i]
		u[i] = decay*u[i] + one*d*d
		p[i] -= a * d
	}
}
