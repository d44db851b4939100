package train

import (
	"errors"
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/train/fused"
)

// Adam is adaptive moment estimation (Kingma and Ba, arXiv 1412.6980, algorithm 1). At step t, with gradient g,
//
//	m = Beta1*m + (1-Beta1)*g
//	v = Beta2*v + (1-Beta2)*g*g
//	p -= LearningRate * m/(1-Beta1^t) / (sqrt(v/(1-Beta2^t)) + Epsilon)
//
// and m and v start at 0.
type Adam struct {
	LearningRate float64 // alpha; 0 is 0.001
	Beta1        float64 // 0 is 0.9, Zero is 0
	Beta2        float64 // 0 is 0.999, Zero is 0
	Epsilon      float64 // 0 is 1e-8

	// WeightDecay is decoupled (Loshchilov and Hutter, arXiv 1711.05101): p -= LearningRate*WeightDecay*p.
	WeightDecay float64
	// AMSGrad divides by the largest v so far (Reddi et al., 2018, algorithm 2; corrected as v is).
	AMSGrad bool
	// NoBiasCorrection and NoEpsilon leave those parts out: both together are the Adam of Kingma's M1 code. Where m is
	// 0 without Epsilon, the weight stays. LegacyAdam sets them.
	NoBiasCorrection, NoEpsilon bool
}

// LegacyAdam is Adam as in the author's code for his models of 2013 and 2014 (github.com/dpkingma/nips14-ssl): neither
// bias correction nor epsilon, so that the first steps are large. His rate there is 3e-4.
func LegacyAdam(rate float64) Adam {
	return Adam{LearningRate: rate, NoBiasCorrection: true, NoEpsilon: true}
}

// Name is "adam".
func (Adam) Name() string { return "adam" }

// Rate is the learning rate, alpha.
func (o Adam) Rate() float64 { return or(o.LearningRate, 0.001) }

// State is m, v and, with AMSGrad, vmax.
func (o Adam) State() []string {
	if o.AMSGrad {
		return []string{"m", "v", "vmax"}
	}
	return []string{"m", "v"}
}

// Check reports a setting that cannot be used.
func (o Adam) Check() error {
	return errors.Join(rateInRange("adam", o.LearningRate),
		inRange("adam", "beta1", o.Beta1, 0, 1), inRange("adam", "beta2", o.Beta2, 0, 1),
		inRange("adam", "epsilon", o.Epsilon, 0, math.MaxFloat64),
		inRange("adam", "weight decay", o.WeightDecay, 0, math.MaxFloat64))
}

func (o Adam) String() string {
	return fmt.Sprintf("adam(learning_rate=%v, beta1=%v, beta2=%v, epsilon=%v, weight_decay=%v, amsgrad=%v, bias_correction=%v)",
		o.Rate(), or(o.Beta1, 0.9), or(o.Beta2, 0.999), o.epsilon(), or(o.WeightDecay, 0), o.AMSGrad, !o.NoBiasCorrection)
}

func (o Adam) epsilon() float64 {
	if o.NoEpsilon {
		return 0
	}
	return or(o.Epsilon, 1e-8)
}

// Update32 is the rule on float32.
func (o Adam) Update32(t int, rate float64, p, g []float32, state [][]float32) {
	adam(o, t, rate, p, g, state)
}

// Update64 is the rule on float64.
func (o Adam) Update64(t int, rate float64, p, g []float64, state [][]float64) {
	adam(o, t, rate, p, g, state)
}

// factors are the numbers of step t, with the bias corrections folded in: alpha = rate/(1-Beta1^t), scale =
// 1/sqrt(1-Beta2^t), keep = 1 - rate*WeightDecay.
func (o Adam) factors(t int, rate float64) (alpha, scale, keep float64) {
	alpha, scale = rate, 1.0
	if !o.NoBiasCorrection {
		alpha = rate / (1 - math.Pow(or(o.Beta1, 0.9), float64(t)))
		scale = 1 / math.Sqrt(1-math.Pow(or(o.Beta2, 0.999), float64(t)))
	}
	return alpha, scale, 1 - rate*or(o.WeightDecay, 0)
}

func adam[T float](o Adam, t int, rate float64, p, g []T, state [][]T) {
	b1, b2 := or(o.Beta1, 0.9), or(o.Beta2, 0.999)
	alpha, scale, keep := o.factors(t, rate)
	c := fused.Coefficients[T]{Beta1: T(b1), One1: T(1 - b1), Beta2: T(b2), One2: T(1 - b2), Alpha: T(alpha), Scale: T(scale),
		Epsilon: T(o.epsilon()), Keep: T(keep)}
	if o.AMSGrad || c.Epsilon == 0 {
		adamRare(p, g, state, &c)
		return
	}
	fused.Adam(p, g, state[0], state[1], &c)
}

// adamRare is fused.Adam with the largest v, where state holds it, and without a division of 0 by 0.
func adamRare[T float](p, g []T, state [][]T, c *fused.Coefficients[T]) {
	m, v, g := state[0][:len(p)], state[1][:len(p)], g[:len(p)]
	for i := range p {
		m[i] = c.Beta1*m[i] + c.One1*g[i]
		v[i] = c.Beta2*v[i] + c.One2*g[i]*g[i]
		largest := v[i]
		if len(state) > 2 {
			largest = max(state[2][i], v[i])
			state[2][i] = largest
		}
		p[i] *= c.Keep
		if m[i] != 0 || c.Epsilon != 0 {
			p[i] -= c.Alpha * m[i] / (c.Scale*T(math.Sqrt(float64(largest))) + c.Epsilon)
		}
	}
}
