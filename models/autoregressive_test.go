package models

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// everyPicture is all binary rows of n pixels; picture i has pixel j where bit j of i is set.
func everyPicture(n int) *tensor.Tensor {
	x := tensor.New(tensor.Float32, 1<<n, n)
	for i := range x.Len() {
		tensor.Data[float32](x)[i] = float32(i / n >> (i % n) & 1)
	}
	return x
}

// trainedByPixel has learned two pictures.
func trainedByPixel(t *testing.T) *VAE {
	t.Helper()
	v, err := New(Config{Shape: []int{6}, Latent: 2, Hidden: []int{5}, Autoregressive: []int{16}, Seed: 3}, WithThreads(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	x := tensor.New(tensor.Float32, 2, 6)
	copy(tensor.Data[float32](x), []float32{1, 1, 1, 0, 1, 0, 0, 0, 0, 1, 0, 1})
	if _, err := train.Fit(t.Context(), v, memory{x}, train.Options{MaxSteps: 300, Batch: 2, Optimizer: train.Adam{LearningRate: 0.02}, Threads: 1}); err != nil {
		t.Fatal(err)
	}
	return v
}

// likelihoodsOf is log p(x|z) of each row.
func likelihoodsOf(t *testing.T, v *VAE, x, z *tensor.Tensor) []float64 {
	t.Helper()
	logProb := tensor.New(tensor.Float32, x.Shape()[0])
	if err := v.run(t.Context(), likelihood, []*tensor.Tensor{x, z}, []*tensor.Tensor{logProb}); err != nil {
		t.Fatal(err)
	}
	return logProb.Floats()
}

// p(x|z) is a distribution over all pictures, for every z, and samples of the model have the frequencies that it gives them
// under the prior.
func TestAutoregressiveDecoderIsADistribution(t *testing.T) {
	ctx, v := t.Context(), trainedByPixel(t)
	const n, draws = 6, 4000
	x, p := everyPicture(n), make([]float64, 1<<n)
	const places = 200 // of z, over which p(x) is a mean
	z := tensor.New(tensor.Float32, places, 2)
	draw(z, runtime.Noise{Seed: 9}, 0, 1)
	for k := range places {
		each := tensor.New(tensor.Float32, 1<<n, 2)
		for i := range 1 << n {
			copy(tensor.Data[float32](each)[2*i:], tensor.Data[float32](z)[2*k:2*k+2])
		}
		total := 0.0
		for i, l := range likelihoodsOf(t, v, x, each) {
			p[i] += math.Exp(l) / places
			total += math.Exp(l)
		}
		near(t, "the sum over all pictures", total, 1, 1e-5)
	}
	if known := p[0b010111] + p[0b101000]; known < 0.9 {
		t.Errorf("the pictures that it learned have a probability of %v", known)
	}
	samples, err := v.Sample(ctx, draws, Seed(1))
	if err != nil {
		t.Fatal(err)
	}
	seen := make([]float64, 1<<n)
	for i := range draws {
		code := 0
		for j, on := range tensor.Data[float32](samples.Rows(i, i+1)) {
			code |= int(on) << j
		}
		seen[code] += 1.0 / draws
	}
	for code := range seen {
		if d := math.Abs(seen[code] - p[code]); d > 5*math.Sqrt(p[code]/draws)+0.01 {
			t.Errorf("picture %06b is drawn with frequency %v and has probability %v", code, seen[code], p[code])
		}
	}
}

// byHand draws x of z pixel by pixel, a pass for each.
func byHand(t *testing.T, v *VAE, z *tensor.Tensor, noise []*tensor.Tensor) *tensor.Tensor {
	t.Helper()
	x := tensor.New(tensor.Float32, append([]int{z.Shape()[0]}, v.xRow...)...)
	next := x.Clone()
	for pixel := range rowSize(v.xRow) {
		if err := v.run(t.Context(), pixels, append([]*tensor.Tensor{z, x}, noise...), []*tensor.Tensor{next}); err != nil {
			t.Fatal(err)
		}
		for at := pixel; at < x.Len(); at += rowSize(v.xRow) {
			tensor.Data[float32](x)[at] = tensor.Data[float32](next)[at]
		}
	}
	return x
}

func autoregressiveConfigs() map[string]Config {
	all := map[string]Config{}
	for _, l := range []Likelihood{Bernoulli, Gaussian, DiscretizedLogistic, LogisticMixture} {
		all["autoregressive, "+string(l)] = Config{Shape: []int{3, 4}, Latent: 3, Hidden: []int{7}, Likelihood: l, Components: 2, Autoregressive: []int{9, 8}, Seed: 1}
	}
	all["autoregressive, conv"] = Config{Body: "conv", Shape: []int{2, 3, 4}, Latent: 2, Hidden: []int{3}, Likelihood: LogisticMixture, Components: 3, Autoregressive: []int{10}, Seed: 1}
	all["autoregressive, levels"] = Config{Shape: []int{5}, Hidden: []int{7}, LatentLayers: []int{2, 2}, Units: 5, Autoregressive: []int{8}, Seed: 1}
	return all
}

// All pixels at once, again and again, come to what one after the other comes to, whatever the likelihood; a pixel depends on
// those before it alone; and a model that was saved is the same model, and trains on.
func TestAutoregressiveDecoders(t *testing.T) {
	for name, c := range autoregressiveConfigs() {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			v, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			// What the MADE makes of the past starts small: let it count.
			for _, w := range v.decoder.graph.Weights {
				if strings.HasPrefix(w.Name, "made/out") {
					for i := range w.Data.Len() {
						tensor.Data[float32](w.Data)[i] *= 20
					}
				}
			}
			const n = 5
			z := tensor.New(tensor.Float32, n, v.manifest.Latent)
			draw(z, runtime.Noise{Seed: 4}, 0, 1)
			noise := make([]*tensor.Tensor, len(v.pixelNoise))
			for k, row := range v.pixelNoise {
				noise[k] = pictures(n, row...)
			}
			want := byHand(t, v, z, noise)
			got := v.newRows(n)
			if err := v.unroll(ctx, pixels, z, noise, got); err != nil {
				t.Fatal(err)
			}
			for i, p := range tensor.Data[float32](want) {
				if q := tensor.Data[float32](got)[i]; q != min(max(p, 0), 1) {
					t.Fatalf("number %d is %v, and pixel by pixel %v", i, q, p)
				}
			}
			changed := want.Clone()
			size := rowSize(v.xRow)
			for row := range n {
				tensor.Data[float32](changed)[row*size+size/2] += 0.5
			}
			one, two := want.Clone(), want.Clone()
			for x, out := range map[*tensor.Tensor]*tensor.Tensor{want: one, changed: two} {
				if err := v.run(ctx, decode, []*tensor.Tensor{z, x}, []*tensor.Tensor{out}); err != nil {
					t.Fatal(err)
				}
			}
			differs := false
			for i, p := range tensor.Data[float32](one) {
				if q := tensor.Data[float32](two)[i]; p != q {
					if differs = true; i%size <= size/2 {
						t.Errorf("pixel %d depends on pixel %d", i%size, size/2)
					}
				}
			}
			if !differs && c.Likelihood != Bernoulli && c.Likelihood != "" { // whose middle is one of two
				t.Error("no pixel depends on the one that was changed")
			}

			w := reopened(t, v)
			x := pictures(n, c.Shape...)
			scores := func(v *VAE) []float64 {
				s, err := v.Score(ctx, x, ScoreOptions{K: 2})
				if err != nil {
					t.Fatal(err)
				}
				y, err := v.Sample(ctx, 3, Seed(5))
				if err != nil {
					t.Fatal(err)
				}
				m, err := v.Reconstruct(ctx, x)
				if err != nil {
					t.Fatal(err)
				}
				return slices.Concat(s.ELBO, s.IWAE, y.Floats(), m.Floats())
			}
			if a, b := scores(v), scores(w); !slices.Equal(a, b) {
				t.Errorf("the saved model gives %v, the model gave %v", b, a)
			}
			late, err := v.Sample(ctx, 2, Seed(5), FirstRow(1))
			if err != nil {
				t.Fatal(err)
			}
			if all, err := v.Sample(ctx, 3, Seed(5)); err != nil || !slices.Equal(all.Rows(1, 3).Floats(), late.Floats()) {
				t.Errorf("rows 1 and 2 are %v, and drawn alone %v (%v)", all, late, err)
			}
			report, err := train.Fit(ctx, w, memory{x}, train.Options{MaxSteps: 60, Batch: n, Optimizer: train.Adam{LearningRate: 0.01}})
			if err != nil {
				t.Fatal(err)
			}
			if before := scores(v)[0]; !(report.ELBO > before) {
				t.Errorf("sixty steps took the bound from %v to %v", before, report.ELBO)
			}
		})
	}
}

// The files of an autoregressive decoder make the model again when the input that takes x is named, and another decoder that
// reads x is refused: what it gives is no density.
func TestAutoregressiveDecodersFromONNX(t *testing.T) {
	for name, c := range autoregressiveConfigs() {
		if c.Likelihood == LogisticMixture || len(c.LatentLayers) > 0 {
			continue // what FromONNX does not know
		}
		v, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		dir := filepath.Join(t.TempDir(), "parts")
		if err := v.Save(dir, SaveOptions{}); err != nil {
			t.Fatal(err)
		}
		encoder, decoder := filepath.Join(dir, "encoder.onnx"), filepath.Join(dir, "decoder.onnx")
		if _, err := FromONNX(encoder, decoder); err == nil || !strings.Contains(err.Error(), `"x"`) {
			t.Errorf("%s: without a role for x: %v", name, err)
		}
		scale := v.manifest.Preprocessing
		w, err := FromONNX(encoder, decoder, WithRoles(map[string]string{"decoder.x": "x"}), WithPreprocessing(scale.Scale, scale.Shift))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		defer w.Close()
		x := pictures(4, c.Shape...)
		a, err := v.Score(t.Context(), x, ScoreOptions{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := w.Score(t.Context(), x, ScoreOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(a.ELBO, b.ELBO) {
			t.Errorf("%s: the ELBO is %v, and was %v", name, b.ELBO, a.ELBO)
		}
		if _, err := train.Fit(t.Context(), w, memory{x}, train.Options{MaxSteps: 2, Batch: 4}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.Likelihood != Bernoulli {
			continue
		}
		for _, from := range []int{1, 7} {
			g := v.decoder.graph.Clone()
			logits := g.Outputs[0]
			ahead := g.Slice(g.Flatten(g.Inputs[1], 1), []int{from}, []int{from + 1}, []int{1}) // element from, told to all
			g.Outputs = nil
			bad := g.Add(logits, g.Reshape(ahead, g.Int64s(-1, 1, 1)))
			g.Output("told_logits", bad)
			file := filepath.Join(t.TempDir(), "ahead.onnx")
			if err := importer.Save(g, file, importer.SaveOptions{}); err != nil {
				t.Fatal(err)
			}
			if _, err := FromONNX(encoder, file, WithRoles(map[string]string{"decoder.x": "x"})); err == nil || !strings.Contains(err.Error(), "not autoregressive") {
				t.Errorf("%s: a decoder that sees element %d everywhere: %v", name, from, err)
			}
		}
	}
}

// What has no place for it is told so.
func TestWhatAnAutoregressiveDecoderCannotDo(t *testing.T) {
	v, err := New(autoregressiveConfigs()["autoregressive, bernoulli"])
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if _, err := WakeSleep(v).Objective(); err == nil || !strings.Contains(err.Error(), "one pixel after the other") {
		t.Errorf("wake-sleep: %v", err)
	}
	for name, c := range map[string]Config{
		"one pixel": {Shape: []int{1}, Autoregressive: []int{4}},
		"no unit":   {Shape: []int{4}, Autoregressive: []int{0}},
		"too large": {Shape: []int{784}, Autoregressive: []int{1 << 20}},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// Both engines draw the same pictures, and their bounds agree.
func TestAutoregressiveDecodersOnONNXRuntime(t *testing.T) {
	ort := openORT(t)
	for name, c := range autoregressiveConfigs() {
		a, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		b, err := New(c, WithEngine(ort))
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		x := pictures(4, c.Shape...)
		var elbo [2]float64
		for i, v := range []*VAE{a, b} {
			s, err := v.Score(context.Background(), x, ScoreOptions{})
			if err != nil {
				t.Fatal(err)
			}
			elbo[i] = s.ELBO[3]
		}
		near(t, name, elbo[1], elbo[0], 1e-5)
		all, err := Verify(t.Context(), a, a.Engine(), ort, VerifyOptions{Rows: 5})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range all {
			if !(d.Difference <= Tolerance) {
				t.Errorf("%s: %s of the %s differs by %v", name, d.Output, d.Part, d.Difference)
			}
		}
	}
}
