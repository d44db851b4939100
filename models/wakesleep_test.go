package models

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// In either phase one half of the model stands still: the gradient of the wake phase's term is zero for the encoder, and
// that of the dream's for the decoder.
func TestWakeSleepMovesEachHalfInItsPhase(t *testing.T) {
	eachConfig(t, func(t *testing.T, v *VAE, c Config) {
		o, err := WakeSleep(v).Objective()
		if err != nil {
			t.Fatal(err)
		}
		g := o.Graph
		for half, loss := range map[string]*graph.Value{"encoder/": o.Terms[0], "decoder/": o.Reconstruction} {
			grads, err := train.Gradients(g, loss, o.Params, o.Stopped...)
			if err != nil {
				t.Fatal(err)
			}
			for i, d := range grads {
				zero := d.Producer != nil && d.Producer.Op == "ConstantOfShape"
				if zero == strings.HasPrefix(o.Params[i].Name, half) {
					t.Errorf("%s: has a gradient of %s: %v", o.Params[i].Name, loss.Name, !zero)
				}
			}
		}
	})
}

// The dreams of a model are draws from p(x|z): their mean over many is E[x|z].
func TestDreamsHaveTheDecodersMean(t *testing.T) {
	v, err := New(Config{Shape: []int{6}, Latent: 2, Hidden: []int{8}, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	const n = 20000
	g := graph.New("dream")
	o := &train.Objective{Graph: g}
	z := g.Input("z", "batch", 2)
	x, err := v.drawOn(g, nil, z, dreamed(o, false))
	if err != nil {
		t.Fatal(err)
	}
	g.Output("x", x)
	p, err := native.New().Compile(g, runtime.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	zs, u := tensor.New(tensor.Float32, n, 2), tensor.New(tensor.Float32, n, 6)
	for i := range n {
		copy(tensor.Data[float32](zs)[2*i:], []float32{1, -2})
		runtime.Noise{}.Uniform(uint64(i), tensor.Data[float32](u)[6*i:6*i+6])
	}
	out := make([]*tensor.Tensor, 1)
	if err := p.Run(t.Context(), []*tensor.Tensor{zs, u}, out); err != nil {
		t.Fatal(err)
	}
	want, err := v.Decode(t.Context(), zs.Rows(0, 1))
	if err != nil {
		t.Fatal(err)
	}
	mean := make([]float64, 6)
	for i, b := range out[0].Floats() {
		mean[i%6] += b / n
	}
	for i, m := range want.Floats() {
		if math.Abs(mean[i]-m) > 5*math.Sqrt(m*(1-m)/n) {
			t.Errorf("element %d is on in %.4f of the dreams, E[x|z] is %.4f", i, mean[i], m)
		}
	}
}

// Wake-sleep raises the bound, though it does not follow it, and its run is that of train.Fit: resumable and repeatable.
func TestWakeSleepRaisesTheBound(t *testing.T) {
	glyphs, err := data.Open("glyphs:1000", data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer glyphs.Close()
	fit := func() (first, last float64, w []float64) {
		v, err := New(Config{Shape: []int{28, 28}, Latent: 3, Hidden: []int{32}, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		o := train.Options{Epochs: 8, Batch: 50, Seed: 1, Binarize: data.Dynamic, Optimizer: train.Adam{LearningRate: 3e-3}, LogEvery: 20, Progress: func(p train.Progress) {
			if last = p.ELBO; first == 0 {
				first = p.ELBO
			}
		}}
		if _, err := train.Fit(t.Context(), WakeSleep(v), glyphs, o); err != nil {
			t.Fatal(err)
		}
		obj, err := v.Objective()
		if err != nil {
			t.Fatal(err)
		}
		return first, last, obj.Params[0].Data.Floats()
	}
	first, last, w := fit()
	if last < first+50 {
		t.Errorf("the bound went from %.1f to %.1f", first, last)
	}
	if _, _, again := fit(); !slices.Equal(w, again) {
		t.Error("the same seed gave other weights")
	}
}
