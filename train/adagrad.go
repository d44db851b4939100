package train

import (
	"errors"
	"fmt"
	"math"
)

// AdaGrad divides by the root of the sum of squared gradients (Duchi, Hazan and Singer, 2011):
//
//	s += g*g
//	p -= LearningRate * g / (sqrt(s) + Epsilon)
//
// and s starts at 0. The first VAE was trained with it, with a rate out of 0.01, 0.02 and 0.1 (arXiv 1312.6114, section 5).
type AdaGrad struct {
	LearningRate float64 // 0 is 0.01
	Epsilon      float64 // 0 is 1e-10
}

// Name is "adagrad".
func (AdaGrad) Name() string { return "adagrad" }

// Rate is the learning rate.
func (o AdaGrad) Rate() float64 { return or(o.LearningRate, 0.01) }

// State is s.
func (AdaGrad) State() []string { return []string{"s"} }

// Check reports a setting that cannot be used.
func (o AdaGrad) Check() error {
	return errors.Join(rateInRange("adagrad", o.LearningRate),
		inRange("adagrad", "epsilon", o.Epsilon, 0, math.MaxFloat64))
}

func (o AdaGrad) String() string {
	return fmt.Sprintf("adagrad(learning_rate=%v, epsilon=%v)", o.Rate(), or(o.Epsilon, 1e-10))
}

// Update32 is the rule on float32.
func (o AdaGrad) Update32(t int, rate float64, p, g []float32, state [][]float32) {
	adagrad(o, rate, p, g, state)
}

// Update64 is the rule on float64.
func (o AdaGrad) Update64(t int, rate float64, p, g []float64, state [][]float64) {
	adagrad(o, rate, p, g, state)
}

func adagrad[T float](o AdaGrad, rate float64, p, g []T, state [][]T) {
	a, eps := T(rate), T(or(o.Epsilon, 1e-10))
	s, g := state[0][:len(p)], g[:len(p)]
	for i := range p {
		s[i] += g[i] * g[i]
		if g[i] != 0 {
			p[i] -= a * g[i] / (T(math.Sqrt(float64(s[i]))) + eps)
		}
	}
}
