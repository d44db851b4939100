package layer

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
)

func normals(seed uint64, shape ...int) *tensor.Tensor {
	r := rand.New(rand.NewPCG(seed, 1))
	t := tensor.New(tensor.Float32, shape...)
	for i := range tensor.Data[float32](t) {
		tensor.Data[float32](t)[i] = float32(3*r.NormFloat64() + 1)
	}
	return t
}

func network() (*graph.Graph, *Builder) {
	g, b := graph.New("net"), &Builder{Normalise: true}
	g.Init = func(_ string, fanIn int, shape ...int) *tensor.Tensor { return normals(uint64(fanIn), shape...) }
	h := b.Conv(g, "conv", g.Input("x", "batch", 2, 5, 4), nil, 3, 3, 2)
	h = b.Deconv(g, "deconv", g.Elu(h, 1), 4, 3, 2, [2]int{3, 2}, [2]int{5, 4})
	flat := g.Flatten(g.Elu(h, 1), 1)
	h = b.Dense(g, "fc", flat, 6)
	g.Output("y", h)
	g.Output("again", b.Dense(g, "fc", g.Mul(flat, g.Scalar(7, flat)), 6)) // a second use, which the layer does not go by
	return g, b
}

// After the initialisation each output of each layer has mean 0 and deviation 1 over the minibatch it was made with.
func TestInitialise(t *testing.T) {
	g, b := network()
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	if !g.Outputs[0].Shape[1].Is(6) || len(b.Made()) != 3 {
		t.Fatalf("output %v, %d layers", g.Outputs[0], len(b.Made()))
	}
	x, ctx, e := normals(9, 50, 2, 5, 4), context.Background(), native.New()
	if err := Initialise(ctx, e, runtime.Options{Threads: 1}, g, []*tensor.Tensor{x}, b.Made()); err != nil {
		t.Fatal(err)
	}
	products := 0
	for _, n := range g.Nodes {
		if n.Op != "Conv" && n.Op != "ConvTranspose" && n.Op != "Gemm" {
			continue
		}
		if products++; products > 3 {
			break
		}
		y, err := one(ctx, e, runtime.Options{}, g, n.Outputs[0], []*tensor.Tensor{x})
		if err != nil {
			t.Fatal(err)
		}
		outputs := y.Shape()[1]
		inner := tensor.Shape(y.Shape()[2:]).Size()
		for c := range outputs {
			var all []float64
			for i, v := range y.Floats() {
				if i/inner%outputs == c {
					all = append(all, v)
				}
			}
			if mean, deviation := stat.PopMeanStdDev(all, nil); math.Abs(mean) > 1e-4 || math.Abs(deviation-1) > 1e-4 {
				t.Errorf("%s, output %d: mean %v, deviation %v", n.Op, c, mean, deviation)
			}
		}
	}
}

// The length of v does not matter, and the gain is the length of w.
func TestNormalisedWeights(t *testing.T) {
	y := func(scale, gain float32) float64 {
		g, b := graph.New("net"), &Builder{Normalise: true}
		g.Init = func(name string, _ int, shape ...int) *tensor.Tensor {
			w := tensor.New(tensor.Float32, shape...)
			if name == "fc.weight" {
				copy(tensor.Data[float32](w), []float32{3 * scale, 4 * scale})
			}
			return w
		}
		g.Output("y", b.Dense(g, "fc", g.Input("x", "batch", 2), 1))
		tensor.Data[float32](b.Made()[0].Gain)[0] = gain
		x, err := tensor.Wrap([]float32{1, 1}, 1, 2)
		if err != nil {
			t.Fatal(err)
		}
		out, err := one(context.Background(), native.New(), runtime.Options{}, g, g.Outputs[0], []*tensor.Tensor{x})
		if err != nil {
			t.Fatal(err)
		}
		return out.Floats()[0]
	}
	for _, c := range []struct {
		scale, gain float32
		want        float64
	}{{1, 1, 1.4}, {100, 1, 1.4}, {1, 2, 2.8}} {
		if got := y(c.scale, c.gain); math.Abs(got-c.want) > 1e-5 {
			t.Errorf("v %v times as long, gain %v: %v, want %v", c.scale, c.gain, got, c.want)
		}
	}
}

func TestLayersOfUnknownExtents(t *testing.T) {
	for name, build := range map[string]func(g *graph.Graph, b *Builder){
		"dense": func(g *graph.Graph, b *Builder) { b.Dense(g, "l", g.Input("x", "batch", "n"), 2) },
		"conv":  func(g *graph.Graph, b *Builder) { b.Conv(g, "l", g.Input("x", "batch", 3), nil, 2, 3, 1) },
		"deconv": func(g *graph.Graph, b *Builder) {
			b.Deconv(g, "l", g.Input("x", "batch", 3), 2, 3, 2, [2]int{1, 1}, [2]int{2, 2})
		},
	} {
		g := graph.New("net")
		build(g, nil)
		if g.Err() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
