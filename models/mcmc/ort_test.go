package mcmc

import (
	"errors"
	"math"
	"testing"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/engines"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// log p(x|z) and its gradient, and wake-sleep's loss, are the same on either engine, within rounding.
func TestTheEnginesAgree(t *testing.T) {
	ort, err := engines.Open("ort", engines.Options{Threads: 1})
	if errors.Is(err, runtime.ErrUnavailable) {
		t.Skipf("ONNX Runtime: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	for _, likelihood := range []models.Likelihood{models.Bernoulli, models.Gaussian, models.DiscretizedLogistic, models.LogisticMixture} {
		on := func(e runtime.Engine) (values []float64) {
			v, err := models.New(models.Config{Shape: []int{12}, Latent: 3, Hidden: []int{7}, Likelihood: likelihood, Seed: 1}, models.WithEngine(e))
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			target, err := NewTarget(v, runtime.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer target.Close()
			x, z, dz, logProb := tensor.New(tensor.Float32, 5, 12), tensor.New(tensor.Float32, 5, 3), tensor.New(tensor.Float32, 5, 3), tensor.New(tensor.Float32, 5)
			runtime.Noise{}.Uniform(0, tensor.Data[float32](x))
			runtime.Noise{}.Normal(0, tensor.Data[float32](z))
			if err := target.At(t.Context(), x, z, logProb, dz); err != nil {
				t.Fatal(err)
			}
			src, err := data.FromTensor("uniform", x)
			if err != nil {
				t.Fatal(err)
			}
			report, err := train.Fit(t.Context(), models.WakeSleep(v), src, train.Options{Engine: e, MaxSteps: 2, Batch: 5})
			if err != nil {
				t.Fatal(err)
			}
			values = append(logProb.Floats(), dz.Floats()...)
			return append(values, report.ELBO, report.Terms[0].Mean)
		}
		want := on(native.New())
		for i, got := range on(ort) {
			if math.Abs(got-want[i]) > 1e-4*(1+math.Abs(want[i])) {
				t.Errorf("%s: number %d is %v on ONNX Runtime, %v on the native engine", likelihood, i, got, want[i])
			}
		}
	}
}
