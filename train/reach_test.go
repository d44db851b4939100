package train

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/elbo-ml/elbo/tensor"
)

// No step takes a weight further than its rule says, at any rate, with gradients and state of any size; and where a weight
// went out of range, the step had been a careful one.
func TestNoStepGoesFurtherThanItsReach(t *testing.T) {
	far, careful := 0, 0
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 9))
		rules := []Optimizer{Adam{WeightDecay: 0.1}, Adam{NoBiasCorrection: true, Beta1: Zero}, AdaGrad{}, RMSProp{}, RMSProp{Momentum: 0.9},
			SGD{}, SGD{Momentum: 0.99, Nesterov: true}, AdaMax{}, Adam{AMSGrad: true}}
		rule := rules[seed%uint64(len(rules))]
		size := func(lo, hi float64) float64 { return math.Pow(10, lo+(hi-lo)*r.Float64()) }
		p := &param{name: "w", weight: tensor.New(tensor.Float32, 200), grad: tensor.New(tensor.Float32, 200)}
		fill := func(x *tensor.Tensor, scale float64) {
			for i := range tensor.Data[float32](x) {
				tensor.Data[float32](x)[i] = float32(scale * r.NormFloat64() * size(-3, 0))
			}
		}
		fill(p.weight, size(-3, 38))
		u := newUpdater(rule, []*param{p}, 0, 1)
		rate := size(-4, 3)
		for step := 1; step <= 6; step++ {
			fill(p.grad, size(-30, 30))
			norm := u.norm()
			before := largest(p.weight)
			bad := u.step(step, rate, norm, 1)
			if rr, ok := rule.(reacher); ok && bad == nil {
				if after, most := largest(p.weight), rr.reach(rate, before, u.extent.gradient); !(after <= most*(1+1e-4)) {
					t.Fatalf("seed %d, %v: a weight went from %v at most to %v, beyond %v", seed, rule, before, after, most)
				}
			}
			if u.careful {
				careful++
			}
			if bad != nil {
				far++
				break
			}
			if math.IsInf(largest(p.weight), 0) {
				t.Fatalf("seed %d, %v: a weight is infinite after a step that was taken for safe", seed, rule)
			}
		}
	}
	if far == 0 || careful == 0 {
		t.Errorf("%d steps went out of range, %d were careful: the test shows nothing", far, careful)
	}
}

// An ordinary step keeps no copy of the weights.
func TestOrdinaryStepsKeepNoCopy(t *testing.T) {
	params := someParams(2)
	newGradients(params, rand.New(rand.NewPCG(1, 2)))
	u := newUpdater(Adam{}, params, 0, 1)
	for step := 1; step < 100; step++ {
		u.step(step, 0.001, u.norm(), 1)
	}
	for _, p := range params {
		if p.before != nil {
			t.Fatal("a step of ordinary size kept the weights")
		}
	}
}
