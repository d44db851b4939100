package native

import (
	"context"
	"fmt"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// BenchmarkKernels times operators alone, on images of the size that a convolutional network has them in.
func BenchmarkKernels(b *testing.B) {
	two := graph.Attrs{"kernel_shape": []int64{2, 2}, "strides": []int64{2, 2}}
	three := graph.Attrs{"kernel_shape": []int64{3, 3}, "strides": []int64{1, 1}, "pads": []int64{1, 1, 1, 1}}
	resize := func(mode string) func(g *graph.Graph, x *graph.Value) *graph.Value {
		return func(g *graph.Graph, x *graph.Value) *graph.Value {
			return g.Node("Resize", graph.Attrs{"mode": mode}, x, nil, g.Const(tensor.Vector[float32](1, 1, 2, 2)))
		}
	}
	node := func(op string, a graph.Attrs) func(g *graph.Graph, x *graph.Value) *graph.Value {
		return func(g *graph.Graph, x *graph.Value) *graph.Value { return g.Node(op, a, x) }
	}
	for _, c := range []struct {
		name  string
		build func(g *graph.Graph, x *graph.Value) *graph.Value
	}{
		{"MaxPool2x2", node("MaxPool", two)},
		{"MaxPool3x3", node("MaxPool", three)},
		{"AveragePool2x2", node("AveragePool", two)},
		{"AveragePool3x3", node("AveragePool", three)},
		{"ResizeNearest", resize("nearest")},
		{"ResizeLinear", resize("linear")},
		{"ResizeCubic", resize("cubic")},
		{"DepthToSpace", node("DepthToSpace", graph.Attrs{"blocksize": int64(2)})},
		{"SpaceToDepth", node("SpaceToDepth", graph.Attrs{"blocksize": int64(2)})},
		{"ChannelsLast", node("Transpose", graph.Attrs{"perm": []int64{0, 2, 3, 1}})},
		{"Pad", func(g *graph.Graph, x *graph.Value) *graph.Value {
			return g.Node("Pad", nil, x, g.Int64s(0, 0, 1, 1, 0, 0, 1, 1))
		}},
		{"CastToFloat64", node("Cast", graph.Attrs{"to": int64(tensor.Float64)})},
		{"Depthwise3x3", func(g *graph.Graph, x *graph.Value) *graph.Value {
			return g.Node("Conv", graph.Attrs{"group": int64(64), "pads": []int64{1, 1, 1, 1}}, x, g.Const(tensor.New(tensor.Float32, 64, 1, 3, 3)))
		}},
	} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/threads%d", c.name, threads), func(b *testing.B) {
				benchmarkNode(b, threads, c.build)
			})
		}
	}
}

func benchmarkNode(b *testing.B, threads int, build func(g *graph.Graph, x *graph.Value) *graph.Value) {
	g := graph.New("bench")
	x := g.Input("x", 8, 64, 32, 32)
	g.Output("y", build(g, x))
	if err := g.Err(); err != nil {
		b.Fatal(err)
	}
	p, err := New().Compile(g, runtime.Options{Threads: threads})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	in, out := []*tensor.Tensor{tensor.New(tensor.Float32, 8, 64, 32, 32)}, make([]*tensor.Tensor, 1)
	for b.Loop() {
		if err := p.Run(context.Background(), in, out); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(in[0].Bytes()) + len(out[0].Bytes())))
}
