package conformance

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// stepTolerance bounds the relative difference of a training step's loss and gradients between the engines.
const stepTolerance = 1e-4

// step is the training step of a new model as one graph, whose inputs are the minibatch, the noise and the weights and
// whose outputs are the loss and the gradients; and its inputs.
func step(t *testing.T, c models.Config, batch int) (*graph.Graph, []*tensor.Tensor) {
	t.Helper()
	vae, err := models.New(c, models.WithEngine(native.New()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { vae.Close() })
	obj, err := vae.Objective()
	if err != nil {
		t.Fatal(err)
	}
	g := obj.Graph
	grads, err := train.Gradients(g, obj.Loss, obj.Params)
	if err != nil {
		t.Fatal(err)
	}
	weights := map[*graph.Value]*tensor.Tensor{}
	for _, p := range obj.Params {
		weights[p] = p.Data
	}
	if err := g.WeightsToInputs(obj.Params...); err != nil {
		t.Fatal(err)
	}
	g.Outputs = nil
	g.Output("loss", obj.Loss)
	for i, v := range grads {
		g.Output(fmt.Sprintf("gradient_%d", i), v)
	}
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	var in []*tensor.Tensor
	for _, v := range g.Inputs {
		if w := weights[v]; w != nil {
			in = append(in, w)
			continue
		}
		shape := make([]int, len(v.Shape))
		for i, d := range v.Shape {
			n, ok := d.Known()
			if !ok {
				n = batch
			}
			shape[i] = n
		}
		x := tensor.New(v.DType, shape...)
		for i := range tensor.Data[float32](x) {
			switch v {
			case obj.X:
				tensor.Data[float32](x)[i] = float32(r.IntN(2))
			case obj.KLWeight:
				tensor.Data[float32](x)[i] = 1
			default:
				tensor.Data[float32](x)[i] = float32(r.NormFloat64())
			}
		}
		in = append(in, x)
	}
	return g, in
}

// stepDifference is the largest difference relative to the largest element: a gradient's small elements are sums that
// cancel, so their own size says nothing about the engine.
func stepDifference(a, b *tensor.Tensor) float64 {
	worst, size := 0.0, 0.0
	y := b.Floats()
	for i, x := range a.Floats() {
		size = max(size, math.Abs(y[i]))
		if d := math.Abs(x - y[i]); !(d <= worst) {
			worst = d
		}
	}
	if worst == 0 {
		return 0
	}
	return worst / size
}

func compareSteps(t *testing.T, a, b runtime.Engine, o runtime.Options, c models.Config, batch int) {
	t.Helper()
	g, in := step(t, c, batch)
	want, err := run(a, g, in)
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.Compile(g, o)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	got := make([]*tensor.Tensor, len(g.Outputs))
	if err := p.Run(context.Background(), in, got); err != nil {
		t.Fatal(err)
	}
	worst := 0.0
	for i := range want {
		d := stepDifference(got[i], want[i])
		if !(d <= stepTolerance) {
			t.Errorf("%s: %v and %v differ by %.3g", g.Outputs[i].Name, got[i], want[i], d)
		}
		worst = max(worst, d)
	}
	t.Logf("loss %v, largest difference over %d outputs %.3g", want[0].Floats(), len(want), worst)
}

var denseConfig = models.Config{Body: "dense", Shape: []int{784}, Latent: 20, Hidden: []int{500}, Likelihood: "bernoulli", Seed: 1}

var convConfig = models.Config{Body: "conv", Shape: []int{28, 28}, Latent: 8, Hidden: []int{8, 16}, Likelihood: "bernoulli", Activation: "relu", Seed: 2}

// The whole training step of the 784-500-20 model is one ONNX graph, and a stock ONNX Runtime computes what the native
// engine computes.
func TestEnginesAgreeOnATrainingStep(t *testing.T) {
	e := openORT(t)
	for _, c := range []models.Config{denseConfig, convConfig} {
		t.Run(c.Body, func(t *testing.T) { compareSteps(t, native.New(), e, runtime.Options{}, c, 100) })
	}
}
