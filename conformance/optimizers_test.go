package conformance

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/elbo-ml/elbo/train"
)

// optimizers are the rules under the names of testdata/optimizers/generate.py, which sets the same.
var optimizers = map[string]struct {
	rule     train.Optimizer
	schedule train.Schedule
}{
	"adam":                                   {train.Adam{LearningRate: 0.01}, train.Constant{}},
	"adam, beta1 0, beta2 0.99, epsilon 0.1": {train.Adam{LearningRate: 0.01, Beta1: train.Zero, Beta2: 0.99, Epsilon: 0.1}, train.Constant{}},
	"adam, 1/sqrt(t)":                        {train.Adam{LearningRate: 0.1}, train.InverseSqrt{}},
	"amsgrad":                                {train.Adam{LearningRate: 0.01, Beta2: 0.9, AMSGrad: true}, train.Constant{}},
	"adam, decoupled decay":                  {train.Adam{LearningRate: 0.01, WeightDecay: 0.1}, train.Constant{}},
	"legacy adam":                            {train.LegacyAdam(0.01), train.Constant{}},
	"adamax":                                 {train.AdaMax{LearningRate: 0.02}, train.Constant{}},
	"adagrad":                                {train.AdaGrad{LearningRate: 0.1}, train.Constant{}},
	"adadelta":                               {train.AdaDelta{}, train.Constant{}},
	"rmsprop":                                {train.RMSProp{LearningRate: 0.01}, train.Constant{}},
	"rmsprop with momentum":                  {train.RMSProp{LearningRate: 0.001, Decay: 0.99, Momentum: 0.9}, train.Constant{}},
	"sgd":                                    {train.SGD{LearningRate: 0.01}, train.Constant{}},
	"sgd with momentum":                      {train.SGD{LearningRate: 0.01, Momentum: 0.9}, train.Constant{}},
	"sgd with nesterov momentum":             {train.SGD{LearningRate: 0.01, Momentum: 0.9, Nesterov: true}, train.Constant{}},
}

// In 1000 steps on quadratics with a wave on top, one weight with mostly empty gradients among them, each rule takes
// float64 weights to where PyTorch's takes them.
func TestOptimizersGoWherePyTorchGoes(t *testing.T) {
	b, err := os.ReadFile("testdata/optimizers/torch.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded struct {
		Torch string
		Steps []int
		Cases map[string][][]float64
	}
	if err := json.Unmarshal(b, &recorded); err != nil {
		t.Fatal(err)
	}
	if len(recorded.Cases) != len(optimizers) {
		t.Errorf("%d cases are recorded, %d are known", len(recorded.Cases), len(optimizers))
	}
	a, c := []float64{1, 0.1, 10, 0.5, 1}, []float64{3, -1, 0.5, 0, 2}
	for name, want := range recorded.Cases {
		o := optimizers[name]
		if o.rule == nil {
			t.Errorf("no rule is called %q", name)
			continue
		}
		p, g := []float64{1, 1, 1, 1, 1}, make([]float64, 5)
		state := make([][]float64, len(o.rule.State()))
		for i := range state {
			state[i] = make([]float64, len(p))
		}
		at := 0
		for step := 1; step <= recorded.Steps[len(recorded.Steps)-1]; step++ {
			for i := range p {
				g[i] = a[i]*(p[i]-c[i]) + math.Cos(0.7*float64(step)+float64(i))/2
			}
			if step%7 != 0 {
				g[4] = 0
			}
			o.rule.Update64(step, o.rule.Rate()*o.schedule.Factor(step), p, g, state)
			if step != recorded.Steps[at] {
				continue
			}
			for i, w := range want[at] {
				if math.Abs(p[i]-w) > 1e-6*max(1, math.Abs(w)) {
					t.Errorf("%s: weight %d after %d steps is %v, PyTorch %s has %v", name, i, step, p[i], recorded.Torch, w)
				}
			}
			at++
		}
	}
}
