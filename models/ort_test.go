package models

import (
	"context"
	"errors"
	"testing"

	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/engines"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/train"
)

// openORT is ONNX Runtime, or a skip.
func openORT(t *testing.T) runtime.Engine {
	t.Helper()
	ort, err := engines.Open("ort", engines.Options{Threads: 1})
	if errors.Is(err, runtime.ErrUnavailable) {
		t.Skipf("ONNX Runtime: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	return ort
}

func TestVerifyHoldsTheEnginesTogether(t *testing.T) {
	ort := openORT(t)
	eachConfig(t, func(t *testing.T, v *VAE, c Config) {
		all, err := Verify(context.Background(), v, native.New(), ort, VerifyOptions{Rows: 5})
		if err != nil {
			t.Fatal(err)
		}
		if want := len(v.encoder.graph.Outputs) + len(v.decoder.graph.Outputs); len(all) != want || want < 4 {
			t.Errorf("%d outputs compared, want %d", len(all), want)
		}
		for _, d := range all {
			if !(d.Difference <= Tolerance) {
				t.Errorf("%s of the %s differs by %v", d.Output, d.Part, d.Difference)
			}
		}
	})
}

// The same seed draws the same samples, scores and trains the same on either engine, within rounding.
func TestTheEnginesAgreeOnEverything(t *testing.T) {
	ctx := context.Background()
	ort := openORT(t)
	all := configs()
	for _, name := range []string{"iaf and vampprior", "resnet, normalised, iaf", "levels with iaf"} {
		all[name] = richConfigs()[name]
	}
	for name, c := range all {
		t.Run(name, func(t *testing.T) {
			type result struct{ sample, elbo, iwae, trained float64 }
			on := func(e runtime.Engine) result {
				v, err := New(c, WithEngine(e))
				if err != nil {
					t.Fatal(err)
				}
				defer v.Close()
				x := pictures(6, c.Shape...)
				y, err := v.Sample(ctx, 3, Seed(2))
				if err != nil {
					t.Fatal(err)
				}
				s, err := v.Score(ctx, x, ScoreOptions{K: 2})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := train.Fit(ctx, v, memory{x}, train.Options{MaxSteps: 4, Batch: 3, Engine: e, Threads: 1}); err != nil {
					t.Fatal(err)
				}
				after, err := v.Score(ctx, x, ScoreOptions{K: 2})
				if err != nil {
					t.Fatal(err)
				}
				return result{y.Floats()[7], s.ELBO[4], s.IWAE[4], after.ELBO[4]}
			}
			a, b := on(native.New()), on(ort)
			near(t, "a sample", b.sample, a.sample, 1e-5)
			near(t, "the ELBO", b.elbo, a.elbo, 1e-5)
			near(t, "the bound", b.iwae, a.iwae, 1e-5)
			near(t, "the ELBO after training", b.trained, a.trained, 1e-4)
		})
	}
}
