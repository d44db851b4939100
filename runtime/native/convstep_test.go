package native_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// newConvStep is the training step of a convolutional VAE of 28x28 images: 1, 32 and 64 channels, 4x4 kernels of stride 2, and back.
func newConvStep(t testing.TB, batch, threads int) step {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	g := graph.New("step")
	g.Init = func(name string, fanIn int, shape ...int) *tensor.Tensor { return noise(r, 0.05, shape...) }
	halves := graph.Attrs{"kernel_shape": []int64{4, 4}, "strides": []int64{2, 2}, "pads": []int64{1, 1, 1, 1}}
	layer := func(op, name string, x *graph.Value, bias int, weight ...int) *graph.Value {
		return g.Node(op, halves, x, g.InitWeight(name+".weight", 1, weight...), g.InitWeight(name+".bias", 1, bias))
	}
	x, eps := g.Input("x", "batch", 1, 28, 28), g.Input("eps", "batch", 20)
	h := g.Relu(layer("Conv", "conv1", x, 32, 32, 1, 4, 4))
	h = g.Flatten(g.Relu(layer("Conv", "conv2", h, 64, 64, 32, 4, 4)), 1)
	mean, logvar := g.Dense("mean", h, 20), g.Dense("logvar", h, 20)
	z := g.Add(mean, g.Mul(g.Exp(g.Half(logvar)), eps))
	h = g.Reshape(g.Relu(g.Dense("dec", z, 64*7*7)), g.Int64s(-1, 64, 7, 7))
	h = g.Relu(layer("ConvTranspose", "deconv1", h, 32, 64, 32, 4, 4))
	logits := layer("ConvTranspose", "deconv2", h, 1, 32, 1, 4, 4)
	one := g.Scalar(1, x)
	kl := g.Half(g.ReduceSum(g.Sub(g.Add(g.Square(mean), g.Exp(logvar)), g.Add(one, logvar)), false, 1))
	reconstruction := g.ReduceSum(g.Sub(g.Mul(x, logits), g.Softplus(logits)), false, 1, 2, 3)
	loss := g.ReduceMean(g.Sub(kl, reconstruction), false)
	return compileStep(t, g, loss, threads, noise(r, 1, batch, 1, 28, 28), noise(r, 1, batch, 20))
}

func TestConvTrainingStepHasTheSameBitsOnAnyNumberOfThreads(t *testing.T) {
	want := newConvStep(t, 7, 1)
	for threads := 2; threads <= 3; threads++ {
		got := newConvStep(t, 7, threads)
		for i := range want.out {
			if string(got.out[i].Bytes()) != string(want.out[i].Bytes()) {
				t.Errorf("%d threads: output %s differs", threads, want.program.Outputs()[i].Name)
			}
		}
		if n := testing.AllocsPerRun(20, func() {
			if err := got.program.Run(context.Background(), got.in, got.out); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%d threads: %v allocations per step", threads, n)
		}
	}
}

func BenchmarkConvTrainingStep(b *testing.B) {
	for _, threads := range []int{1, 2} {
		b.Run([]string{"", "1thread", "2threads"}[threads], func(b *testing.B) {
			s := newConvStep(b, 100, threads)
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
