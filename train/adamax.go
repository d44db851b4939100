package train

import (
	"errors"
	"fmt"
	"math"
)

// AdaMax is Adam in the infinity norm (arXiv 1412.6980, algorithm 2). At step t, with gradient g,
//
//	m = Beta1*m + (1-Beta1)*g
//	u = max(Beta2*u, |g|)
//	p -= LearningRate/(1-Beta1^t) * m/u
//
// and m and u start at 0. Where u is 0 every gradient so far was 0, and the weight stays.
type AdaMax struct {
	LearningRate float64 // alpha; 0 is 0.002
	Beta1        float64 // 0 is 0.9, Zero is 0
	Beta2        float64 // 0 is 0.999, Zero is 0
}

// Name is "adamax".
func (AdaMax) Name() string { return "adamax" }

// Rate is the learning rate, alpha.
func (o AdaMax) Rate() float64 { return or(o.LearningRate, 0.002) }

// State is m and u.
func (AdaMax) State() []string { return []string{"m", "u"} }

// Check reports a setting that cannot be used.
func (o AdaMax) Check() error {
	return errors.Join(rateInRange("adamax", o.LearningRate),
		inRange("adamax", "beta1", o.Beta1, 0, 1), inRange("adamax", "beta2", o.Beta2, 0, 1))
}

func (o AdaMax) String() string {
	return fmt.Sprintf("adamax(learning_rate=%v, beta1=%v, beta2=%v)", o.Rate(), or(o.Beta1, 0.9), or(o.Beta2, 0.999))
}

// Update32 is the rule on float32.
func (o AdaMax) Update32(t int, rate float64, p, g []float32, state [][]float32) {
	adamax(o, t, rate, p, g, state)
}

// Update64 is the rule on float64.
func (o AdaMax) Update64(t int, rate float64, p, g []float64, state [][]float64) {
	adamax(o, t, rate, p, g, state)
}

func adamax[T float](o AdaMax, t int, rate float64, p, g []T, state [][]T) {
	b1, b2 := or(o.Beta1, 0.9), or(o.Beta2, 0.999)
	a, beta1, beta2, one1 := T(rate/(1-math.Pow(b1, float64(t)))), T(b1), T(b2), T(1-b1)
	m, u, g := state[0][:len(p)], state[1][:len(p)], g[:len(p)]
	for i := range p {
		m[i] = beta1*m[i] + one1*g[i]
		u[i] = max(beta2*u[i], T(math.Abs(float64(g[i]))))
		if u[i] != 0 {
			p[i] -= a * m[i] / u[i]
		}
	}
}
