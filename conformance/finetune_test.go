package conformance

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/engines"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// A VAE from PyTorch is imported, fine-tuned with some of it frozen, saved, and loaded again in ONNX Runtime: the loss
// falls; input and output names, dynamic dimensions and the untouched weights are those of the original. With -long on
// MNIST for 2 epochs, else for some minibatches.
func TestFinetuneOfAPyTorchVAE(t *testing.T) {
	for _, c := range []struct {
		name, encoder, decoder string
		freeze                 string // the start of the frozen weights' names
	}{
		{"dense", "mlp_vae_encoder_op13_trainable", "mlp_vae_decoder_op13_trainable", "encoder/fc1."},
		{"dense, folded as PyTorch does by default", "mlp_vae_encoder_op16", "mlp_vae_decoder_op16", "encoder/"},
		{"convolutional, with batch normalisation", "conv_vae_encoder_op13_trainable", "conv_vae_decoder_op13_trainable", "decoder/b1."},
	} {
		t.Run(c.name, func(t *testing.T) {
			parts := map[string]string{"encoder": fixture(t, c.encoder), "decoder": fixture(t, c.decoder)}
			src := images(t)
			v, err := models.FromONNX(parts["encoder"], parts["decoder"])
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			before := elboOf(t, v, src)
			o := train.Options{Engine: native.New(), MaxSteps: 60, Freeze: []string{c.freeze + "*"}, Seed: 1}
			if *long {
				o.MaxSteps, o.Epochs = 0, 2
			}
			binary, err := data.NewBinarized(src, data.Dynamic, 1)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := train.Fit(context.Background(), v, binary, o); err != nil {
				t.Fatal(err)
			}
			after := elboOf(t, v, src)
			t.Logf("ELBO %.2f before, %.2f after", before, after)
			if !(after > before+1) {
				t.Errorf("the ELBO was %.2f and is %.2f after fine-tuning", before, after)
			}
			out := filepath.Join(t.TempDir(), "tuned")
			if err := v.Save(out, models.SaveOptions{}); err != nil {
				t.Fatal(err)
			}
			for part, original := range parts {
				sameInterface(t, part, original, filepath.Join(out, part+".onnx"), c.freeze)
			}
			onONNXRuntime(t, filepath.Join(out, "decoder.onnx"))
		})
	}
}

// fixture is the path of a fixture's model, or a skip.
func fixture(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(fixturesDir(), name, "model.onnx")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no %s (ELBO_FIXTURES names the folder of fixtures)", path)
	}
	return path
}

// images are MNIST's training images, or glyphs where there are none.
func images(t *testing.T) data.Source {
	t.Helper()
	where := "glyphs:6000"
	if root := os.Getenv("ELBO_DATA"); root != "" {
		where = filepath.Join(root, "mnist")
	} else if dir := filepath.Join("..", "..", "shared", "data", "mnist"); exists(dir) {
		where = dir
	}
	src, err := data.Open(where, data.Options{Split: data.Train})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

func elboOf(t *testing.T, v *models.VAE, src data.Source) float64 {
	t.Helper()
	e, err := models.Evaluate(context.Background(), v, src, models.EvalOptions{Binarize: data.Static, Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	return e.ELBO
}

// sameInterface holds a saved part against the file it came from.
func sameInterface(t *testing.T, part, original, saved, freeze string) {
	t.Helper()
	a, b := load(t, original), load(t, saved)
	for _, ports := range [][2][]*graph.Value{{a.Inputs, b.Inputs}, {a.Outputs, b.Outputs}} {
		if len(ports[0]) != len(ports[1]) {
			t.Fatalf("%s: %d inputs or outputs were %d", part, len(ports[1]), len(ports[0]))
		}
		for i, was := range ports[0] {
			if is := ports[1][i]; is.Name != was.Name || !is.Shape.Equal(was.Shape) {
				t.Errorf("%s: %v was %v", part, is, was)
			}
		}
	}
	changed, kept, statistics, moved := 0, 0, false, false
	for _, was := range a.Weights {
		statistics = statistics || strings.Contains(was.Name, "running_")
		is := b.Value(was.Name)
		if is == nil || is.Data == nil {
			t.Errorf("%s: the weight %s is gone", part, was.Name)
			continue
		}
		frozen := strings.HasPrefix(part+"/"+was.Name, freeze)
		if frozen {
			kept++
		}
		if bytes.Equal(is.Data.Bytes(), was.Data.Bytes()) {
			continue
		}
		changed++
		if frozen || !was.DType.IsFloat() {
			t.Errorf("%s: the weight %s was not to be trained and has changed", part, was.Name)
		}
		moved = moved || strings.Contains(was.Name, "running_")
	}
	if statistics && !moved {
		t.Errorf("%s: the running statistics have not moved", part)
	}
	if changed == 0 && kept < len(a.Weights) {
		t.Errorf("%s: nothing has been trained", part)
	}
}

func load(t *testing.T, path string) *graph.Graph {
	t.Helper()
	g, err := importer.Load(path, importer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// onONNXRuntime runs a decoder as saved on two batch sizes and holds it against the native engine.
func onONNXRuntime(t *testing.T, path string) {
	t.Helper()
	ort, err := engines.Open("ort", engines.Options{})
	if errors.Is(err, runtime.ErrUnavailable) {
		t.Logf("not loaded in ONNX Runtime: %v", err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	g := load(t, path)
	for _, batch := range []int{1, 7} {
		latent, _ := g.Inputs[0].Shape[1].Known()
		z := tensor.New(tensor.Float32, batch, latent)
		runtime.Noise{Seed: 1}.Normal(0, tensor.Data[float32](z))
		var got [2]*tensor.Tensor
		for i, e := range []runtime.Engine{native.New(), ort} {
			p, err := e.Compile(g, runtime.Options{})
			if err != nil {
				t.Fatal(err)
			}
			out := make([]*tensor.Tensor, len(g.Outputs))
			if err := p.Run(context.Background(), []*tensor.Tensor{z}, out); err != nil {
				t.Fatal(err)
			}
			got[i] = out[0]
			p.Close()
		}
		for i, a := range tensor.Data[float32](got[0]) {
			if b := tensor.Data[float32](got[1])[i]; max(a-b, b-a) > 2e-5*(1+max(b, -b)) {
				t.Fatalf("element %d is %v on the native engine and %v in ONNX Runtime", i, a, b)
			}
		}
	}
}
