//go:build cgo

package ort

import (
	"context"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// The cost of a run besides its arithmetic: identities of one element, on as many ports as a training step of the
// 784-500-20 model has, bound to the same tensors every time and to others.
func BenchmarkRunOverhead(b *testing.B) {
	const ports = 12
	g := graph.New("ports")
	in, other, out := make([]*tensor.Tensor, ports), make([]*tensor.Tensor, ports), make([]*tensor.Tensor, ports)
	for i := range ports {
		g.Output(string(rune('A'+i)), g.Neg(g.Input(string(rune('a'+i)), 1)))
		in[i], other[i], out[i] = tensor.New(tensor.Float32, 1), tensor.New(tensor.Float32, 1), tensor.New(tensor.Float32, 1)
	}
	p := build(b, g, runtime.Options{Threads: 1})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	run := func(b *testing.B, ctx context.Context, in, out []*tensor.Tensor) {
		if err := p.Run(ctx, in, out); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("same", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			run(b, context.Background(), in, out)
		}
	})
	b.Run("cancellable", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			run(b, ctx, in, out)
		}
	})
	b.Run("changing", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			run(b, context.Background(), in, out)
			in, other = other, in
		}
	})
	b.Run("new", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			run(b, context.Background(), in, make([]*tensor.Tensor, ports))
		}
	})
}
