package conformance

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// moody is a VAE whose encoder normalises and whose decoder drops out, half of it where the batch is the second axis, as
// another program would export it in training mode.
func moody(t *testing.T) *models.VAE {
	t.Helper()
	stream := uint64(0)
	weight := func(g *graph.Graph, name string, shape ...int) *graph.Value {
		w := tensor.New(tensor.Float32, shape...)
		stream++
		runtime.Noise{Seed: 3, Stream: stream}.Normal(0, tensor.Data[float32](w))
		for i := range w.Len() {
			tensor.Data[float32](w)[i] *= 0.05
		}
		return g.Weight(name, w)
	}
	filled := func(g *graph.Graph, name string, v float32, n int) *graph.Value {
		w := tensor.New(tensor.Float32, n)
		for i := range n {
			tensor.Data[float32](w)[i] = v
		}
		return g.Weight(name, w)
	}
	dense := func(g *graph.Graph, name string, x *graph.Value, out, in int) *graph.Value {
		return g.Linear(x, weight(g, name+".weight", out, in), filled(g, name+".bias", 0, out))
	}
	e := graph.New("encoder")
	h := dense(e, "fc", e.Input("x", "batch", 256), 32, 256)
	h = e.NodeN("BatchNormalization", 3, graph.Attrs{"training_mode": int64(1)}, h, filled(e, "bn.weight", 1, 32), filled(e, "bn.bias", 0, 32),
		filled(e, "bn.running_mean", 0, 32), filled(e, "bn.running_var", 1, 32))[0]
	h = e.Relu(h)
	e.Output("mu", dense(e, "mu", h, 4, 32))
	e.Output("logvar", dense(e, "logvar", h, 4, 32))

	d := graph.New("decoder")
	h = d.Relu(dense(d, "fc", d.Input("z", "batch", 4), 32, 4))
	h = d.Node("Dropout", nil, h, d.Scalar(0.25, h), d.Const(yes()))
	h = d.Transpose(d.Reshape(h, d.Int64s(-1, 2, 16)), 1, 0, 2)
	h = d.Node("Dropout", nil, h, d.Scalar(0.1, h), d.Const(yes()))
	h = d.Reshape(d.Transpose(h, 1, 0, 2), d.Int64s(-1, 32))
	d.Output("logits", dense(d, "out", h, 256, 32))

	paths := map[string]string{}
	for _, g := range []*graph.Graph{e, d} {
		if err := g.Err(); err != nil {
			t.Fatal(err)
		}
		paths[g.Name] = filepath.Join(t.TempDir(), g.Name+".onnx")
		if err := importer.Save(g, paths[g.Name], importer.SaveOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	v, err := models.FromONNX(paths["encoder"], paths["decoder"])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

// A model is trained with its layers in training mode and used with them in evaluation mode: the same on either engine, and
// where the weights stay on a device.
func TestModesOfLayers(t *testing.T) {
	run := func(e runtime.Engine) (losses []float64, variance, mean []float32) {
		v := moody(t)
		obj, err := v.Objective()
		if err != nil {
			t.Fatal(err)
		}
		if len(obj.Running) != 2 || len(obj.Uniform) != 2 || obj.Uniform[1].Shape.String() != "[batch,32]" {
			t.Fatalf("%d statistics, uniform noise %v", len(obj.Running), obj.Uniform)
		}
		o := train.Options{Engine: e, MaxSteps: 20, Batch: 50, Seed: 1, Binarize: data.Dynamic, LogEvery: 1, Optimizer: train.Adam{LearningRate: 1e-3},
			Progress: func(p train.Progress) { losses = append(losses, p.Loss) }}
		if a, ok := e.(*apart); ok {
			a.loop, o.Provider = nil, "cpu"
		}
		if _, err := train.Fit(context.Background(), v, glyphs(t, 500, data.Train), o); err != nil {
			t.Fatal(err)
		}
		x := tensor.New(tensor.Float32, 2, 256)
		runtime.Noise{Seed: 1}.Uniform(0, tensor.Data[float32](x))
		both, err := v.Encode(context.Background(), x)
		if err != nil {
			t.Fatal(err)
		}
		one, err := v.Encode(context.Background(), x.Rows(0, 1))
		if err != nil {
			t.Fatal(err)
		}
		if a, b := tensor.Data[float32](both.Mean)[:4], tensor.Data[float32](one.Mean); a[0] != b[0] || a[3] != b[3] {
			t.Errorf("a row's mean is %v, and %v with another row beside it", b, a)
		}
		return losses, tensor.Data[float32](obj.Running[1].Weight.Data), tensor.Data[float32](both.Mean)
	}
	want, variance, mean := run(native.New())
	if !(want[19] < want[0]-3) || variance[0] == 1 {
		t.Errorf("the loss goes from %v to %v, the variance is %v", want[0], want[19], variance[0])
	}
	for _, e := range []runtime.Engine{openORT(t), &apart{Looper: openORT(t).(runtime.Looper)}} {
		got, v, m := run(e)
		for i := range want {
			if d := math.Abs(got[i]-want[i]) / math.Abs(want[i]); !(d <= trackTolerance) {
				t.Errorf("step %d: loss %v, natively %v", i+1, got[i], want[i])
			}
		}
		for i := range variance {
			if d := math.Abs(float64(v[i] - variance[i])); !(d <= 1e-3*(1+float64(variance[i]))) {
				t.Errorf("variance %d is %v, natively %v", i, v[i], variance[i])
			}
		}
		for i := range mean {
			if d := math.Abs(float64(m[i] - mean[i])); !(d <= 1e-2) {
				t.Errorf("mean %d is %v, natively %v", i, m[i], mean[i])
			}
		}
	}
}
