package train

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// rules are the optimisers under test, one row for each form that takes another path.
var rules = []Optimizer{
	Adam{}, Adam{AMSGrad: true}, Adam{WeightDecay: 0.1}, Adam{NoBiasCorrection: true}, Adam{NoEpsilon: true, NoBiasCorrection: true}, Adam{Beta1: Zero},
	AdaMax{}, AdaGrad{}, AdaDelta{}, SGD{}, SGD{Momentum: 0.9}, SGD{Momentum: 0.9, Nesterov: true}, RMSProp{}, RMSProp{Momentum: 0.5},
}

// run64 applies the rule to one weight, from p, with the gradients g.
func run64(o Optimizer, rate, p float64, g ...float64) float64 {
	state := make([][]float64, len(o.State()))
	for i := range state {
		state[i] = make([]float64, 1)
	}
	w := []float64{p}
	for t, g := range g {
		o.Update64(t+1, rate, w, []float64{g}, state)
	}
	return w[0]
}

func TestWorkedNumbers(t *testing.T) {
	tests := []struct {
		name string
		rule Optimizer
		rate float64
		g    []float64
		want float64 // from p = 1
	}{
		// mhat = 0.5, vhat = 0.25: the first step is the rate, whatever the gradient.
		{"adam: the first step is the rate", Adam{Epsilon: Zero}, 0.1, []float64{0.5}, 0.9},
		// m = 0.9*0.05 - 0.1 = -0.055, mhat = -0.055/0.19; v = 0.999*0.00025 + 0.001 = 0.00124975, vhat = v/0.001999.
		{"adam: the second step weighs both gradients", Adam{Epsilon: Zero}, 0.1, []float64{0.5, -1},
			0.9 + 0.1*(0.055/0.19)/math.Sqrt(0.00124975/0.001999)},
		{"adam: epsilon stands outside the root", Adam{Epsilon: 0.5}, 0.1, []float64{0.5}, 0.95},
		// m = 0.05, sqrt(v) = sqrt(0.001)*0.5.
		{"adam: Kingma's M1 form", Adam{NoBiasCorrection: true, NoEpsilon: true}, 0.1, []float64{0.5}, 1 - 0.1*0.1/math.Sqrt(0.001)},
		{"adam: M1 form, gradient 0 leaves the weight", Adam{NoBiasCorrection: true, NoEpsilon: true}, 0.1, []float64{0, 0}, 1},
		{"adam: decay is decoupled from the gradient", Adam{WeightDecay: 0.2, Epsilon: Zero}, 0.1, []float64{0.5}, 1 - 0.1*0.2 - 0.1},
		// beta2 = 0 forgets: v = 0.01 at the second step, but vmax = 1 stays; bias correction is 1 for beta2 = 0.
		{"adam: amsgrad divides by the largest v", Adam{AMSGrad: true, Beta1: Zero, Beta2: Zero, Epsilon: Zero}, 0.1, []float64{1, 0.1}, 1 - 0.1 - 0.01},
		{"adamax: the first step is the rate", AdaMax{}, 0.1, []float64{0.5}, 0.9},
		// m = 0.045 + 0.01 = 0.055, u = max(0.999*0.5, 0.1) = 0.4995.
		{"adamax: the norm decays slowly", AdaMax{}, 0.1, []float64{0.5, 0.1}, 0.9 - 0.1/0.19*0.055/0.4995},
		{"adamax: gradient 0 leaves the weight", AdaMax{}, 0.1, []float64{0}, 1},
		{"adagrad: 3 then 4 divides by 5", AdaGrad{Epsilon: Zero}, 0.1, []float64{3, 4}, 1 - 0.1 - 0.08},
		// v = 0.25, so v + epsilon = 1, and u = 0.
		{"adadelta: the first step is the root of epsilon over that of v", AdaDelta{Decay: Zero, Epsilon: 0.75}, 1, []float64{0.5}, 1 - math.Sqrt(0.75)*0.5},
		// u = d*d = 0.1875, v = 0.25 again: d = sqrt(0.9375) * 0.5.
		{"adadelta: the second step grows by the first", AdaDelta{Decay: Zero, Epsilon: 0.75}, 1, []float64{0.5, 0.5}, 1 - math.Sqrt(0.75)*0.5 - math.Sqrt(0.9375)*0.5},
		{"sgd: plain", SGD{}, 0.1, []float64{0.5, 2}, 0.75},
		{"sgd: momentum", SGD{Momentum: 0.5}, 0.1, []float64{1, 1}, 1 - 0.1 - 0.15},
		{"sgd: nesterov looks ahead", SGD{Momentum: 0.5, Nesterov: true}, 0.1, []float64{1}, 1 - 0.15},
		{"rmsprop: the first step is the rate over sqrt(1-decay)", RMSProp{Decay: 0.75, Epsilon: Zero}, 0.1, []float64{4}, 0.8},
		{"rmsprop: momentum keeps half the step", RMSProp{Decay: 0.75, Epsilon: Zero, Momentum: 0.5}, 0.1, []float64{4, 0}, 0.7},
	}
	for _, tt := range tests {
		if got := run64(tt.rule, tt.rate, 1, tt.g...); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestDefaultsAreThePapers(t *testing.T) {
	for rule, want := range map[Optimizer]string{
		Adam{}:     "adam(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-08, weight_decay=0, amsgrad=false, bias_correction=true)",
		AdaMax{}:   "adamax(learning_rate=0.002, beta1=0.9, beta2=0.999)",
		AdaGrad{}:  "adagrad(learning_rate=0.01, epsilon=1e-10)",
		AdaDelta{}: "adadelta(learning_rate=1, decay=0.9, epsilon=1e-06)",
		SGD{}:      "sgd(learning_rate=0.01, momentum=0, nesterov=false)",
		RMSProp{}:  "rmsprop(learning_rate=0.001, decay=0.9, epsilon=1e-08, momentum=0)",
	} {
		if got := rule.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// The float32 rule follows the float64 one: what it computes is the formula, up to rounding.
func TestFloat32FollowsFloat64(t *testing.T) {
	for _, rule := range rules {
		rapid.Check(t, func(rt *rapid.T) {
			g := rapid.SliceOfN(rapid.Float64Range(-3, 3), 1, 30).Draw(rt, "g")
			p := rapid.Float64Range(-1, 1).Draw(rt, "p")
			for i := range g { // numbers that float32 squares would flush to zero say nothing about the rule
				if g[i] = float64(float32(g[i])); math.Abs(g[i]) < 1e-6 {
					g[i] = 0
				}
			}
			want := run64(rule, 0.01, float64(float32(p)), g...)
			state := make([][]float32, len(rule.State()))
			for i := range state {
				state[i] = make([]float32, 1)
			}
			w := []float32{float32(p)}
			for i, g := range g {
				rule.Update32(i+1, 0.01, w, []float32{float32(g)}, state)
			}
			if math.Abs(float64(w[0])-want) > 3e-5*(1+math.Abs(want)) {
				rt.Fatalf("%v: float32 gives %v, float64 %v", rule, w[0], want)
			}
		})
	}
}

// Each rule finds the minimum of (x-3)^2/2 + 10*(y+1)^2/2.
func TestConverges(t *testing.T) {
	for _, rule := range rules {
		w, g := []float64{0, 0}, []float64{0, 0}
		state := make([][]float64, len(rule.State()))
		for i := range state {
			state[i] = make([]float64, 2)
		}
		rate := 0.05
		if rule.Name() == "adadelta" {
			rate = 1 // its own scale
		}
		for t := 1; t <= 4000; t++ {
			g[0], g[1] = w[0]-3, 10*(w[1]+1)
			rule.Update64(t, rate*20/float64(20+t/20), w, g, state)
		}
		if strings.Contains(rule.String(), "weight_decay=0.1") {
			continue // its minimum lies elsewhere
		}
		tolerance := 0.02
		if rule.Name() == "adagrad" {
			tolerance = 1.5 // a rate that only falls is slow from a start far away
		}
		if math.Abs(w[0]-3) > tolerance || math.Abs(w[1]+1) > tolerance {
			t.Errorf("%v: ended at %v, want (3, -1)", rule, w)
		}
	}
}

func TestBadSettingsAreRefused(t *testing.T) {
	for _, rule := range []Optimizer{
		Adam{LearningRate: math.NaN()}, Adam{Beta1: 1}, Adam{Beta2: -0.5}, Adam{Epsilon: math.Inf(1)}, AdaMax{Beta1: 2},
		AdaGrad{LearningRate: -1}, AdaDelta{Decay: 1}, AdaDelta{Epsilon: Zero}, SGD{Momentum: 1}, SGD{Nesterov: true}, RMSProp{Decay: 1.5},
	} {
		if err := rule.Check(); !errors.Is(err, ErrOptions) {
			t.Errorf("%v: Check gave %v", rule, err)
		}
	}
	for _, rule := range rules {
		if err := rule.Check(); err != nil {
			t.Error(err)
		}
	}
}
