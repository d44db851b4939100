package native_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// step is the training step of the 784-500-20 VAE of the AEVB paper: loss and gradients from x, eps and the weights.
type step struct {
	program runtime.Program
	in, out []*tensor.Tensor
}

func newStep(t testing.TB, batch, hidden, threads int) step {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	g := graph.New("step")
	g.Init = func(name string, fanIn int, shape ...int) *tensor.Tensor { return noise(r, 0.05, shape...) }
	x, eps := g.Input("x", "batch", 784), g.Input("eps", "batch", 20)
	h := g.Tanh(g.Dense("enc", x, hidden))
	mean, logvar := g.Dense("mean", h, 20), g.Dense("logvar", h, 20)
	z := g.Add(mean, g.Mul(g.Exp(g.Half(logvar)), eps))
	logits := g.Dense("out", g.Tanh(g.Dense("dec", z, hidden)), 784)
	one := g.Scalar(1, x)
	kl := g.Half(g.ReduceSum(g.Sub(g.Add(g.Square(mean), g.Exp(logvar)), g.Add(one, logvar)), false, 1))
	reconstruction := g.ReduceSum(g.Sub(g.Mul(x, logits), g.Softplus(logits)), false, 1)
	loss := g.ReduceMean(g.Sub(kl, reconstruction), false)
	images := noise(r, 1, batch, 784)
	for i, v := range tensor.Data[float32](images) {
		tensor.Data[float32](images)[i] = 0
		if v > 0.5 {
			tensor.Data[float32](images)[i] = 1
		}
	}
	return compileStep(t, g, loss, threads, images, noise(r, 1, batch, 20))
}

// compileStep is the program of loss and its gradients by all of g's weights, which become inputs after g's own, and has run once.
func compileStep(t testing.TB, g *graph.Graph, loss *graph.Value, threads int, in ...*tensor.Tensor) step {
	t.Helper()
	params := append([]*graph.Value(nil), g.Weights...)
	values := make([]*tensor.Tensor, len(params))
	for i, p := range params {
		values[i] = p.Data
	}
	grads, err := train.Gradients(g, loss, params)
	if err != nil {
		t.Fatal(err)
	}
	g.Output("loss", loss)
	for i, d := range grads {
		g.Output("d/"+params[i].Name, d)
	}
	if err := g.WeightsToInputs(params...); err != nil {
		t.Fatal(err)
	}
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	p, err := native.New().Compile(g, runtime.Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	s := step{program: p, in: append(in, values...), out: make([]*tensor.Tensor, len(g.Outputs))}
	if err := p.Run(context.Background(), s.in, s.out); err != nil {
		t.Fatal(err)
	}
	return s
}

func noise(r *rand.Rand, scale float64, shape ...int) *tensor.Tensor {
	t := tensor.New(tensor.Float32, shape...)
	for i := range tensor.Data[float32](t) {
		tensor.Data[float32](t)[i] = float32(scale * r.NormFloat64())
	}
	return t
}

func TestTrainingStepDoesNotAllocate(t *testing.T) {
	for _, threads := range []int{1, 2} {
		s := newStep(t, 20, 50, threads)
		ctx := context.Background()
		if n := testing.AllocsPerRun(50, func() {
			if err := s.program.Run(ctx, s.in, s.out); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%d threads: %v allocations per step", threads, n)
		}
	}
}

func TestTrainingStepHasTheSameBitsOnAnyNumberOfThreads(t *testing.T) {
	want := newStep(t, 33, 70, 1)
	for threads := 2; threads <= 4; threads++ {
		got := newStep(t, 33, 70, threads)
		for i := range want.out {
			if string(got.out[i].Bytes()) != string(want.out[i].Bytes()) {
				t.Errorf("%d threads: output %s differs", threads, want.program.Outputs()[i].Name)
			}
		}
	}
}

func BenchmarkTrainingStep(b *testing.B) {
	for _, threads := range []int{1, 2} {
		b.Run([]string{"", "1thread", "2threads"}[threads], func(b *testing.B) {
			s := newStep(b, 100, 500, threads)
			b.ReportAllocs()
			for b.Loop() {
				if err := s.program.Run(context.Background(), s.in, s.out); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
