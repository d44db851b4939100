package models

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// passing is an encoder whose mean is x itself and whose other output is a constant beside it.
func passing(spread string, value float64) func(g *graph.Graph) {
	return func(g *graph.Graph) {
		x := g.Input("x", "N", 2)
		g.Output("mu", g.Identity(x))
		g.Output(spread, g.Add(g.Mul(x, g.Scalar(0, x)), g.Scalar(value, x)))
	}
}

// decoding is a decoder whose output is z itself, through f.
func decoding(name string, f func(g *graph.Graph, x *graph.Value) *graph.Value) func(g *graph.Graph) {
	return func(g *graph.Graph) { g.Output(name, f(g, g.Input("z", "N", 2))) }
}

func imported(t *testing.T, encoder, decoder func(g *graph.Graph), opts ...Option) *VAE {
	t.Helper()
	v, err := FromONNX(exported(t, "encoder", encoder), exported(t, "decoder", decoder), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

func twoNumbers(a, b float32) *tensor.Tensor {
	x := tensor.New(tensor.Float32, 1, 2)
	copy(tensor.Data[float32](x), []float32{a, b})
	return x
}

// A standard deviation of 3 is a log-variance of 2 log 3.
func TestStandardDeviationsBecomeLogVariances(t *testing.T) {
	q, err := imported(t, passing("std", 3), decoding("recon", sigmoid)).Encode(context.Background(), twoNumbers(0.25, 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range q.LogVar.Floats() {
		near(t, "logvar", l, 2*math.Log(3), 1e-6)
	}
}

// A network of [-1,1] reads 2x-1, and what it decodes goes back.
func TestPreprocessingGoesBothWays(t *testing.T) {
	ctx := context.Background()
	v := imported(t, passing("logvar", 0), decoding("mean", straight), WithPreprocessing(2, -1),
		WithLikelihood(Bernoulli))
	q, err := v.Encode(ctx, twoNumbers(0.25, 1))
	if err != nil {
		t.Fatal(err)
	}
	if got := q.Mean.Floats(); !slices.Equal(got, []float64{-0.5, 1}) {
		t.Errorf("0.25 and 1 are read as %v", got)
	}
	x, err := v.Decode(ctx, twoNumbers(-0.5, 1))
	if err != nil {
		t.Fatal(err)
	}
	if got := x.Floats(); !slices.Equal(got, []float64{0.25, 1}) {
		t.Errorf("-0.5 and 1 are decoded as %v", got)
	}
}

// log p(x|z) of a decoder that ends in a Sigmoid is that of its logits: finite where the probability rounds to 1.
func TestSigmoidsAreScoredByTheirLogits(t *testing.T) {
	far := func(g *graph.Graph, x *graph.Value) *graph.Value {
		return g.Sigmoid(g.Add(g.Mul(x, g.Scalar(0, x)), g.Scalar(200, x)))
	}
	s, err := imported(t, passing("logvar", 0), decoding("recon", far)).Score(context.Background(), twoNumbers(0, 1), ScoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "log p(x|z)", s.Reconstruction[0], -200, 1e-6)
	// KL of N(x, 1) to N(0, 1) is half the squares of x = (0, 1).
	near(t, "KL", s.KL[0], 0.5, 1e-6)
}

// Convolutional latents [channels, height, width] are units like any other; open extents are told by WithShape.
func TestLatentMapsAndOpenExtents(t *testing.T) {
	ctx := context.Background()
	encoder := func(g *graph.Graph) {
		x := g.Input("x", "N", 1, "H", "W")
		pooled := g.Node("AveragePool", graph.Attrs{"kernel_shape": []int64{2, 2}, "strides": []int64{2, 2}}, x)
		g.Output("mu", pooled)
		g.Output("logvar", g.Neg(pooled))
	}
	decoder := func(g *graph.Graph) {
		z := g.Input("z", "N", 1, 2, 3)
		g.Output("logits", g.Node("ConvTranspose", graph.Attrs{"kernel_shape": []int64{2, 2}, "strides": []int64{2, 2}}, z,
			g.InitWeight("w", 1, 1, 1, 2, 2)))
	}
	v := imported(t, encoder, decoder, WithShape(1, 4, 6))
	if m := v.Manifest(); m.Latent != 6 || !slices.Equal(m.Shape, []int{1, 4, 6}) {
		t.Errorf("%d units for rows of %v", m.Latent, m.Shape)
	}
	q, err := v.Encode(ctx, pictures(3, 4, 6))
	if err != nil {
		t.Fatal(err)
	}
	if !q.Mean.Shape().Equal(tensor.Shape{3, 6}) {
		t.Errorf("the mean is %v", q.Mean.Shape())
	}
	if _, err := v.Score(ctx, pictures(3, 4, 6), ScoreOptions{K: 2}); err != nil {
		t.Error(err)
	}
	x, err := v.Sample(ctx, 2)
	if err != nil {
		t.Fatal(err)
	}
	if !x.Shape().Equal(tensor.Shape{2, 1, 4, 6}) {
		t.Errorf("a sample is %v", x.Shape())
	}
}
