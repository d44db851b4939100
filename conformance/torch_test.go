package conformance

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/importer/passes"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/runtime/ort"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/tensor/npy"
	"github.com/elbo-ml/elbo/train"
)

// What both of PyTorch 2.15's exporters write of a ResNet, an IAF chain and a transformer; see torch/export.py.
func TestPyTorchExportersAsRecorded(t *testing.T) {
	testTorchExports(t, filepath.Join("testdata", "torch"))
}

// The same by the PyTorch that is here, with the exports that keep the parameters besides. ELBO_TORCH_PYTHON names an
// interpreter with torch, onnx and onnxscript; with -long, python3 is tried.
func TestPyTorchExportersAsInstalled(t *testing.T) {
	python := os.Getenv("ELBO_TORCH_PYTHON")
	if python == "" && *long {
		python = "python3"
	}
	if python == "" {
		t.Skip("exporting takes a minute: ELBO_TORCH_PYTHON names a Python with a current torch, onnx and onnxscript, or run with -long")
	}
	if out, err := exec.Command(python, "-c", "import torch.onnx._internal.exporter, onnx, onnxscript").CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		t.Skipf("%s has no current torch, onnx and onnxscript: %s", python, lines[len(lines)-1])
	}
	dir := t.TempDir()
	cmd := exec.Command(python, "export.py", dir)
	cmd.Dir, cmd.Env = "torch", append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("export.py: %v\n%s", err, out)
	}
	index := readTorchIndex(t, dir)
	for name, why := range index.Failed {
		t.Errorf("%s could not be exported: %s", name, why)
	}
	testTorchExports(t, dir)
	for _, name := range index.Models {
		g := load(t, filepath.Join(dir, name, "model.onnx"))
		if folded := passes.FoldedWeights(g); strings.HasSuffix(name, "_plain") && len(folded) > 0 {
			t.Errorf("%s: the recipe leaves folded weights: %+v", name, folded)
		}
	}
}

// torchIndex is what export.py says it wrote.
type torchIndex struct {
	Torch  string
	Models []string
	Failed map[string]string
}

func readTorchIndex(t *testing.T, dir string) torchIndex {
	t.Helper()
	var index torchIndex
	text, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err == nil {
		err = json.Unmarshal(text, &index)
	}
	if err != nil || len(index.Models) == 0 {
		t.Fatalf("%d models: %v", len(index.Models), err)
	}
	return index
}

func testTorchExports(t *testing.T, dir string) {
	index := readTorchIndex(t, dir)
	engines := []runtime.Engine{native.New()}
	if e, err := ort.Open(ort.Config{}); err == nil {
		engines = append(engines, e)
	} else {
		t.Logf("on the native engine alone: %v", err)
	}
	for _, name := range index.Models {
		t.Run(name, func(t *testing.T) {
			for _, e := range engines {
				computesAsTorch(t, filepath.Join(dir, name), e)
			}
			if rest, ok := strings.CutPrefix(name, "iaf_encoder"); ok {
				finetunes(t, &flowModel{path: filepath.Join(dir, "iaf_encoder"+rest, "model.onnx")}, rows{n: 60, shape: []int{36}}, engines)
			}
			if family, exporter, ok := strings.Cut(name, "_encoder_"); ok && family != "iaf" {
				pair := [2]string{filepath.Join(dir, name, "model.onnx"), filepath.Join(dir, family+"_decoder_"+exporter, "model.onnx")}
				v, err := models.FromONNX(pair[0], pair[1])
				if err != nil {
					t.Fatal(err)
				}
				defer v.Close()
				finetunes(t, v, rows{n: 60, shape: v.Manifest().Shape}, engines)
			}
		})
	}
}

// computesAsTorch holds a model's outputs against the recorded ones.
func computesAsTorch(t *testing.T, dir string, e runtime.Engine) {
	t.Helper()
	g := load(t, filepath.Join(dir, "model.onnx"))
	in := []*tensor.Tensor{readArray(t, dir, "input")}
	if len(graph.LiftNoise(g)) > 0 {
		in = append(in, readArray(t, dir, "noise"))
	}
	p, err := e.Compile(g, runtime.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	out := make([]*tensor.Tensor, len(g.Outputs))
	if err := p.Run(context.Background(), in, out); err != nil {
		t.Fatal(err)
	}
	for i, v := range g.Outputs {
		if d := Compare(v.Name, out[i], readArray(t, dir, "output_"+v.Name), PerElement); !(d.Largest <= DefaultTolerances.Output) {
			t.Errorf("%s: %v", e.Name(), d)
		}
	}
}

func readArray(t *testing.T, dir, name string) *tensor.Tensor {
	t.Helper()
	x, err := npy.Read(filepath.Join(dir, name+".npy"))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// finetunes makes some steps with each engine, from the same weights: the loss falls, and is the same.
func finetunes(t *testing.T, m train.Model, src rows, engines []runtime.Engine) {
	t.Helper()
	obj, err := m.Objective()
	if err != nil {
		t.Fatal(err)
	}
	weights := slices.Clone(obj.Params)
	for _, s := range obj.Running {
		weights = append(weights, s.Weight)
	}
	before := contents(weights)
	var all [][]float64
	for _, e := range engines {
		for i, w := range weights {
			copy(w.Data.Bytes(), before[i])
		}
		var losses []float64
		o := train.Options{Engine: e, MaxSteps: 12, Batch: 20, Seed: 1, LogEvery: 1, Optimizer: train.Adam{LearningRate: 3e-3},
			Progress: func(p train.Progress) { losses = append(losses, p.Loss) }}
		if _, err := train.Fit(context.Background(), m, src, o); err != nil {
			t.Fatalf("%s: %v", e.Name(), err)
		}
		all = append(all, losses)
		if !(losses[11] < losses[0]) {
			t.Errorf("%s: the loss went from %v to %v", e.Name(), losses[0], losses[11])
		}
		for i, l := range losses {
			if d := math.Abs(l-all[0][i]) / math.Abs(all[0][i]); !(d <= trackTolerance) {
				t.Errorf("%s: step %d: loss %v, natively %v", e.Name(), i+1, l, all[0][i])
			}
		}
	}
}

// flowModel is the KL between the posterior that an encoder samples, z and log q(z|x), and a standard normal prior.
type flowModel struct {
	path string
	g    *graph.Graph
}

func (m *flowModel) Updated() {}

func (m *flowModel) Objective() (*train.Objective, error) {
	if m.g == nil {
		g, err := importer.Load(m.path, importer.Options{})
		if err != nil {
			return nil, err
		}
		graph.LiftNoise(g)
		m.g = g
	}
	g := m.g.Clone()
	z, logq := g.Outputs[0], g.Outputs[1]
	kl := g.ReduceMean(g.Sub(logq, models.StandardNormalLogProb(g, z)), false, 0)
	nothing := g.Sub(kl, kl)
	o := &train.Objective{Graph: g, X: g.Inputs[0], Noise: g.Inputs[1:], Loss: g.Output("loss", kl), ELBO: g.Output("elbo", g.Neg(kl)),
		Reconstruction: g.Output("reconstruction", nothing), KL: g.Output("kl", g.Add(kl, nothing))}
	fixed := passes.Fixed(g)
	for _, w := range g.Weights {
		if w.DType == tensor.Float32 && !fixed[w] {
			o.Params = append(o.Params, w)
		}
	}
	return o, g.Err()
}

// rows is a source of uniform noise.
type rows struct {
	n     int
	shape []int
}

func (r rows) Len() int     { return r.n }
func (r rows) Shape() []int { return r.shape }
func (r rows) Name() string { return "noise" }
func (r rows) Close() error { return nil }

func (r rows) Read(ctx context.Context, list []int, dst []float32) error {
	size := tensor.Shape(r.shape).Size()
	for i, row := range list {
		runtime.Noise{Seed: 2}.Uniform(uint64(row), dst[i*size:(i+1)*size])
	}
	return ctx.Err()
}
