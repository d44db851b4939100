package models

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
)

// What is exported beside the parts gives, in a stock ONNX Runtime, what the model itself scores and samples.
func TestComposedGraphsAreTheModel(t *testing.T) {
	ctx := context.Background()
	ort := openORT(t)
	for name, c := range richConfigs() {
		t.Run(name, func(t *testing.T) {
			v, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			dir := filepath.Join(t.TempDir(), "onnx")
			if err := v.Save(dir, SaveOptions{Composed: true}); err != nil {
				t.Fatal(err)
			}
			if w, err := Open(dir); err != nil {
				t.Errorf("the folder is no bundle any more: %v", err)
			} else {
				w.Close()
			}
			if len(v.manifest.Parts) == 2 {
				return // the encoder and the decoder are all there is
			}
			const n = 4
			x, eps := pictures(n, c.Shape...), tensor.New(tensor.Float32, n, v.manifest.Latent)
			draw(eps, runtime.Noise{Seed: 7, Stream: streamPosterior}, 0, 1)
			score, err := v.Score(ctx, x, ScoreOptions{Seed: 7})
			if err != nil {
				t.Fatal(err)
			}
			outputs := func(part string, in ...*tensor.Tensor) [2][][]float64 {
				g, err := importer.Load(filepath.Join(dir, part+".onnx"), importer.Options{})
				if err != nil {
					t.Fatal(err)
				}
				var all [2][][]float64
				for i, e := range []runtime.Engine{native.New(), ort} {
					out, err := runOnce(ctx, e, g, runtime.Options{Threads: 1}, in)
					if err != nil {
						t.Fatal(err)
					}
					for _, y := range out {
						all[i] = append(all[i], y.Floats())
					}
				}
				for i := range all[0] {
					if d := relativeDifference(all[0][i], all[1][i]); !(d <= Tolerance) {
						t.Errorf("output %d of the %s differs by %v between the engines", i, part, d)
					}
				}
				return all
			}
			posterior := outputs("posterior", x, eps)[1]
			for i := range n {
				near(t, "log q - log p", posterior[1][i]-posterior[2][i], score.Reconstruction[i]-score.IWAE[i], 1e-4)
			}
			noise := tensor.New(tensor.Float32, n, v.latents.noise())
			draw(noise, runtime.Noise{Seed: 3, Stream: streamPrior}, 0, 1)
			if v.autoregressive() {
				outputs("sampler", noise) // z alone
				return
			}
			samples, err := v.Sample(ctx, n, Seed(3))
			if err != nil {
				t.Fatal(err)
			}
			if d := relativeDifference(samples.Floats(), outputs("sampler", noise)[1][1]); !(d <= Tolerance) {
				t.Errorf("samples differ by %v", d)
			}
		})
	}
}
