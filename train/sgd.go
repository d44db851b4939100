package train

import (
	"errors"
	"fmt"
)

// SGD is stochastic gradient descent, with momentum when Momentum is set (Polyak, 1964; Sutskever et al., 2013):
//
//	b = Momentum*b + g
//	p -= LearningRate * b                       and, with Nesterov,
//	p -= LearningRate * (g + Momentum*b)
//
// and b starts at 0.
type SGD struct {
	LearningRate float64 // 0 is 0.01
	Momentum     float64 // 0 is none
	Nesterov     bool
}

// Name is "sgd".
func (SGD) Name() string { return "sgd" }

// Rate is the learning rate.
func (o SGD) Rate() float64 { return or(o.LearningRate, 0.01) }

// State is b, when there is momentum.
func (o SGD) State() []string {
	if or(o.Momentum, 0) == 0 {
		return nil
	}
	return []string{"b"}
}

// Check reports a setting that cannot be used.
func (o SGD) Check() error {
	if o.Nesterov && or(o.Momentum, 0) == 0 {
		return fmt.Errorf("train: sgd: nesterov without momentum: %w", ErrOptions)
	}
	return errors.Join(rateInRange("sgd", o.LearningRate),
		inRange("sgd", "momentum", o.Momentum, 0, 1))
}

func (o SGD) String() string {
	return fmt.Sprintf("sgd(learning_rate=%v, momentum=%v, nesterov=%v)", o.Rate(), or(o.Momentum, 0), o.Nesterov)
}

// Update32 is the rule on float32.
func (o SGD) Update32(t int, rate float64, p, g []float32, state [][]float32) {
	sgd(o, rate, p, g, state)
}

// Update64 is the rule on float64.
func (o SGD) Update64(t int, rate float64, p, g []float64, state [][]float64) {
	sgd(o, rate, p, g, state)
}

func sgd[T float](o SGD, rate float64, p, g []T, state [][]T) {
	a, mu := T(rate), T(or(o.Momentum, 0))
	g = g[:len(p)]
	if len(state) == 0 {
		for i := range p {
			p[i] -= a * g[i]
		}
		return
	}
	b := state[0][:len(p)]
	for i := range p {
		b[i] = mu*b[i] + g[i]
		if o.Nesterov {
			p[i] -= a * (g[i] + mu*b[i])
		} else {
			p[i] -= a * b[i]
		}
	}
}
