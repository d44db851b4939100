package conformance

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/runtime/ort"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// trackTolerance bounds the relative difference of the losses of a whole training between engines, step by step.
const trackTolerance = 1e-4

// apart is an engine that says of itself that it computes in memory of its own, whatever the provider, and counts the
// steps and the bytes of state that cross.
type apart struct {
	runtime.Looper
	loop *counted
}

func (e *apart) Apart(runtime.Options) (bool, error) { return true, nil }

func (e *apart) CompileLoop(g *graph.Graph, carry []runtime.Carry, o runtime.Options) (runtime.Loop, error) {
	l, err := e.Looper.CompileLoop(g, carry, o)
	e.loop = &counted{Loop: l}
	return e.loop, err
}

type counted struct {
	runtime.Loop
	runs    int
	carried int64
}

func (l *counted) Run(ctx context.Context, in, out []*tensor.Tensor) error {
	l.runs++
	return l.Loop.Run(ctx, in, out)
}

func (l *counted) Close() error {
	l.carried = l.Carried()
	return l.Loop.Close()
}

var trackConfig = models.Config{Shape: []int{16, 16}, Latent: 4, Hidden: []int{64}, Seed: 1}

// track is the loss of each step of a training, and the bytes of the weights after it.
func track(t *testing.T, e runtime.Engine, o train.Options) (losses []float64, weights [][]byte) {
	t.Helper()
	vae, err := models.New(trackConfig, models.WithEngine(native.New()))
	if err != nil {
		t.Fatal(err)
	}
	defer vae.Close()
	obj, err := vae.Objective()
	if err != nil {
		t.Fatal(err)
	}
	before := contents(obj.Params)
	o.Engine, o.Batch, o.Binarize, o.LogEvery, o.Seed = e, 50, data.Dynamic, 1, 1
	between := o.Progress
	o.Progress = func(p train.Progress) {
		losses = append(losses, p.Loss)
		if between != nil {
			between(p)
		}
		// The host's weights stand still while the device's move.
		if a, ok := e.(*apart); ok && p.Step < p.Steps && a.loop != nil && string(contents(obj.Params)[0]) != string(before[0]) {
			t.Errorf("step %d: the model's weights were written", p.Step)
		}
	}
	if _, err := train.Fit(context.Background(), vae, glyphs(t, 500, data.Train), o); err != nil {
		t.Fatal(err)
	}
	return losses, contents(obj.Params)
}

// contents are copies of the weights' bytes.
func contents(params []*graph.Value) [][]byte {
	out := make([][]byte, len(params))
	for i, p := range params {
		out[i] = append([]byte(nil), p.Data.Bytes()...)
	}
	return out
}

// compareTracks holds a training on the device to that of the native engine.
func compareTracks(t *testing.T, onDevice *apart, o train.Options) {
	t.Helper()
	got, _ := track(t, onDevice, o)
	o.Provider = ""
	want, _ := track(t, native.New(), o)
	worst := 0.0
	for i := range want {
		d := math.Abs(got[i]-want[i]) / math.Abs(want[i])
		if !(d <= trackTolerance) {
			t.Errorf("step %d: loss %v, natively %v", i+1, got[i], want[i])
		}
		worst = max(worst, d)
	}
	t.Logf("loss %.4f to %.4f in %d steps, differs by %.2g at most", want[0], want[len(want)-1], len(want), worst)
	if len(got) != o.MaxSteps || onDevice.loop.runs != o.MaxSteps {
		t.Errorf("%d losses of %d runs, want %d", len(got), onDevice.loop.runs, o.MaxSteps)
	}
}

// stateBytes are the bytes of the state of trackConfig with tensors of state for each weight besides itself.
func stateBytes(t *testing.T, tensors int64) int64 {
	t.Helper()
	vae, err := models.New(trackConfig, models.WithEngine(native.New()))
	if err != nil {
		t.Fatal(err)
	}
	defer vae.Close()
	obj, err := vae.Objective()
	if err != nil {
		t.Fatal(err)
	}
	n := int64(0)
	for _, p := range obj.Params {
		n += int64(len(p.Data.Bytes()))
	}
	return n * (1 + tensors)
}

// testOnDevice trains with the update in the graph and the state kept where the provider computes. The state crosses
// twice: to the device before the first step, and back after the last.
func testOnDevice(t *testing.T, e runtime.Looper, provider string, steps int) {
	for _, c := range []struct {
		name   string
		o      train.Options
		states int64
	}{
		{"adam", train.Options{Optimizer: train.Adam{LearningRate: 1e-3}}, 2},
		{"adam with all there is", train.Options{Optimizer: train.Adam{AMSGrad: true, WeightDecay: 0.1}, Schedule: train.Cosine{}, Clip: 20, EMA: 0.9, KLWarmup: 10}, 4},
		{"adam without epsilon", train.Options{Optimizer: train.Adam{NoEpsilon: true, NoBiasCorrection: true}}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			onDevice := &apart{Looper: e}
			c.o.Provider, c.o.MaxSteps = provider, steps
			compareTracks(t, onDevice, c.o)
			if got, want := onDevice.loop.carried, 2*stateBytes(t, c.states); got != want {
				t.Errorf("%d bytes of state crossed, want %d", got, want)
			}
		})
	}
}

func TestTrainingWithStateOnTheDevice(t *testing.T) {
	testOnDevice(t, openORT(t).(runtime.Looper), "cpu", 50)
}

// ONNX Runtime computes the gradients over the trainer's own memory, and the losses are those of the native engine.
func TestTrainingOverBoundMemory(t *testing.T) {
	e := openORT(t)
	o := train.Options{Optimizer: train.Adam{LearningRate: 1e-3}, MaxSteps: 50}
	want, _ := track(t, native.New(), o)
	got, _ := track(t, e, o)
	for i := range want {
		if d := math.Abs(got[i]-want[i]) / math.Abs(want[i]); !(d <= trackTolerance) {
			t.Errorf("step %d: loss %v, natively %v", i+1, got[i], want[i])
		}
	}
}

// A step that meets infinity leaves the model with the weights from before it, though they were on the device.
func TestDeviceGoesBackBeforeNaN(t *testing.T) {
	e := &apart{Looper: openORT(t).(runtime.Looper)}
	vae, err := models.New(trackConfig, models.WithEngine(native.New()))
	if err != nil {
		t.Fatal(err)
	}
	defer vae.Close()
	obj, err := vae.Objective()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		rate float64
		want string
	}{{"gradients", 1e30, "is the first to be not finite"}, {"the update", 1e39, "out of range"}} {
		t.Run(c.name, func(t *testing.T) {
			before := contents(obj.Params)
			_, err = train.Fit(context.Background(), vae, glyphs(t, 500, data.Train), train.Options{
				Engine: e, Optimizer: train.Adam{LearningRate: c.rate}, MaxSteps: 50, Batch: 50, Seed: 1,
			})
			if !errors.Is(err, train.ErrNotFinite) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v", err)
			}
			t.Log(err)
			for i, p := range obj.Params {
				for _, v := range p.Data.Floats() {
					if math.IsNaN(v) || math.IsInf(v, 0) {
						t.Fatalf("%s holds %v", p.Name, v)
					}
				}
				if c.rate > math.MaxFloat32 && string(before[i]) != string(p.Data.Bytes()) {
					t.Errorf("%s has changed", p.Name)
				}
				copy(p.Data.Bytes(), before[i])
			}
		})
	}
}

// Interrupted and resumed, a training on the device is the one that was not.
func TestDeviceResumes(t *testing.T) {
	e := &apart{Looper: openORT(t).(runtime.Looper)}
	dir := t.TempDir()
	o := train.Options{Optimizer: train.Adam{}, MaxSteps: 20}
	_, want := track(t, e, o)
	vae, err := models.New(trackConfig, models.WithEngine(native.New()))
	if err != nil {
		t.Fatal(err)
	}
	defer vae.Close()
	obj, err := vae.Objective()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	o.Engine, o.Batch, o.Binarize, o.Seed, o.LogEvery, o.Checkpoint, o.Resume = e, 50, data.Dynamic, 1, 1, dir, true
	o.Progress = func(p train.Progress) {
		if p.Step == 7 {
			cancel()
		}
	}
	if _, err := train.Fit(ctx, vae, glyphs(t, 500, data.Train), o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	r, err := train.Fit(context.Background(), vae, glyphs(t, 500, data.Train), o)
	if err != nil || r.Resumed != 7 {
		t.Fatalf("resumed at %d: %v", r.Resumed, err)
	}
	for i, p := range obj.Params {
		if string(p.Data.Bytes()) != string(want[i]) {
			t.Errorf("%s is not that of a training without a break", p.Name)
		}
	}
}

// BenchmarkFit is the whole Adam step of the 784-500-20 VAE at batch 100: on the native engine; with the gradients from
// ONNX Runtime over the trainer's memory; and with the update in the graph, as on a device.
func BenchmarkFit(b *testing.B) {
	e, err := ort.Open(ort.Config{})
	if err != nil {
		b.Skip(err)
	}
	src, err := data.Glyphs(data.GlyphOptions{N: 1000, Size: 28, Split: data.Train})
	if err != nil {
		b.Fatal(err)
	}
	defer src.Close()
	for _, threads := range []int{1, 2} {
		for _, c := range []struct {
			name   string
			engine runtime.Engine
		}{{"native", native.New()}, {"ort", e}, {"ort, Adam in the graph", &apart{Looper: e.(runtime.Looper)}}} {
			b.Run(fmt.Sprintf("%s/%d threads", c.name, threads), func(b *testing.B) {
				vae, err := models.New(models.Config{Shape: []int{28, 28}, Hidden: []int{500}, Latent: 20, Seed: 1}, models.WithEngine(native.New()))
				if err != nil {
					b.Fatal(err)
				}
				defer vae.Close()
				b.ReportAllocs()
				// 20 steps more are made before the clock starts: sessions, workspaces and readers warm up.
				_, err = train.Fit(context.Background(), vae, src, train.Options{
					Engine: c.engine, Threads: threads, MaxSteps: 20 + b.N, Batch: 100, Seed: 1, LogEvery: 20,
					Progress: func(p train.Progress) {
						if p.Step == 20 {
							b.ResetTimer()
						}
					},
				})
				if err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}
