package conformance

import (
	"context"
	"math"
	"testing"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// trained is the test ELBO of a model trained and evaluated on one engine.
func trained(t *testing.T, e runtime.Engine, c models.Config, training, test data.Source, o train.Options) float64 {
	t.Helper()
	vae, err := models.New(c, models.WithEngine(e))
	if err != nil {
		t.Fatal(err)
	}
	defer vae.Close()
	o.Engine, o.Seed, o.Optimizer = e, 1, train.Adam{LearningRate: 1e-3}
	if _, err := train.Fit(context.Background(), vae, training, o); err != nil {
		t.Fatal(err)
	}
	result, err := models.Evaluate(context.Background(), vae, test, models.EvalOptions{Binarize: o.Binarize, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return result.ELBO
}

func glyphs(t *testing.T, n int, split string) data.Source {
	t.Helper()
	src, err := data.Glyphs(data.GlyphOptions{N: n, Size: 16, Split: split})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src
}

// The same seed trains to the same model on either engine, but for rounding.
func TestEnginesTrainAlike(t *testing.T) {
	e := openORT(t)
	c := models.Config{Shape: []int{16, 16}, Latent: 4, Hidden: []int{64}, Seed: 1}
	o := train.Options{MaxSteps: 120, Batch: 50, Binarize: data.Dynamic}
	training, test := glyphs(t, 2000, data.Train), glyphs(t, 500, data.Test)
	fresh := trained(t, native.New(), c, training, test, train.Options{MaxSteps: 1, Batch: 50, Binarize: data.Dynamic})
	a := trained(t, native.New(), c, training, test, o)
	b := trained(t, e, c, training, test, o)
	t.Logf("test ELBO %.4f after one step; after %d steps native %.4f, ort %.4f", fresh, o.MaxSteps, a, b)
	if a < fresh+10 {
		t.Errorf("training moved the ELBO from %.3f to %.3f", fresh, a)
	}
	if d := math.Abs(a - b); !(d <= 0.1) {
		t.Errorf("the engines' ELBO differ by %.3f: native %.4f, ort %.4f", d, a, b)
	}
}

// Ten epochs of MNIST: what `elbo train` does, on both engines.
func TestEnginesTrainAlikeOnMNIST(t *testing.T) {
	if !*long {
		t.Skip("minutes of training: run with -long")
	}
	e := openORT(t)
	mnist := dataDir(t, "mnist")
	open := func(split string) data.Source {
		src, err := data.Open(mnist, data.Options{Split: split})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { src.Close() })
		return src
	}
	o := train.Options{Epochs: 10, Batch: 100, Binarize: data.Dynamic}
	training, test := open(data.Train), open(data.Test)
	a := trained(t, native.New(), denseConfig, training, test, o)
	b := trained(t, e, denseConfig, training, test, o)
	t.Logf("test ELBO native %.3f, ort %.3f", a, b)
	if !(a >= -106 && b >= -106) {
		t.Error("an ELBO below -106")
	}
	if d := math.Abs(a - b); !(d <= 0.5) {
		t.Errorf("the engines' ELBO differ by %.3f", d)
	}
}
