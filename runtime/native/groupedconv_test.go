package native_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// groupedStep is a grouped convolution and the gradients of all that goes into it.
func groupedStep(t testing.TB, batch, channels, group, size, stride int) (*graph.Graph, []*tensor.Tensor) {
	t.Helper()
	r := rand.New(rand.NewPCG(4, 4))
	g := graph.New("grouped")
	x := g.Weight("x", noise(r, 1, batch, channels, size, size))
	w, b := g.Weight("w", noise(r, 1, channels, channels/group, 3, 3)), g.Weight("b", noise(r, 1, channels))
	y := g.Node("Conv", graph.Attrs{"group": int64(group), "strides": []int64{int64(stride), int64(stride)}, "pads": []int64{1, 1, 1, 1}}, x, w, b)
	loss := g.ReduceSum(g.Mul(y, g.Sin(y)), false)
	params := []*graph.Value{x, w, b}
	in := []*tensor.Tensor{x.Data, w.Data, b.Data}
	grads, err := train.Gradients(g, loss, params)
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range grads {
		g.Output("d/"+params[i].Name, d)
	}
	if err := g.WeightsToInputs(params...); err != nil {
		t.Fatal(err)
	}
	return g, in
}

// The gradient of a grouped convolution's weights runs as one kernel over x and dy as they lie: nothing is transposed. It gives
// what a dense convolution gives whose weights are zero between groups.
func TestGroupedWeightGradient(t *testing.T) {
	for _, c := range []struct{ channels, group, stride int }{{6, 6, 1}, {6, 6, 2}, {12, 4, 1}, {24, 2, 2}} {
		g, in := groupedStep(t, 3, c.channels, c.group, 8, c.stride)
		plan, err := native.Describe(g, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range plan.Steps {
			if slices.Contains([]string{"Transpose", "Slice"}, s.Kernel) {
				t.Errorf("%+v: a %s is left in the plan", c, s.Kernel)
			}
		}
		out := stepOf(t, native.New(), g, in)

		each := c.channels / c.group
		dense := tensor.New(tensor.Float32, c.channels, c.channels, 3, 3)
		eachWeight(c.channels, each, func(narrow, wide int) {
			tensor.Data[float32](dense)[wide] = tensor.Data[float32](in[1])[narrow]
		})
		h, _ := groupedStep(t, 3, c.channels, 1, 8, c.stride)
		want := stepOf(t, native.New(), h, []*tensor.Tensor{in[0], dense, in[2]})
		near(t, fmt.Sprintf("%+v: dx", c), tensor.Data[float32](out[0]), tensor.Data[float32](want[0]))
		near(t, fmt.Sprintf("%+v: db", c), tensor.Data[float32](out[2]), tensor.Data[float32](want[2]))
		dw := make([]float32, out[1].Len())
		eachWeight(c.channels, each, func(narrow, wide int) { dw[narrow] = tensor.Data[float32](want[1])[wide] })
		near(t, fmt.Sprintf("%+v: dw", c), tensor.Data[float32](out[1]), dw)
	}
}

// eachWeight visits each weight of a grouped convolution and its place in a dense one.
func eachWeight(channels, each int, visit func(narrow, wide int)) {
	for o := range channels {
		for i := range each {
			for t := range 9 {
				visit((o*each+i)*9+t, (o*channels+o/each*each+i)*9+t)
			}
		}
	}
}

// near allows 1e-5 of the largest number: an element may be the small rest of large terms, added in another order.
func near(t *testing.T, what string, got, want []float32) {
	t.Helper()
	largest := 0.0
	for _, v := range want {
		largest = max(largest, math.Abs(float64(v)))
	}
	for i := range want {
		if d := math.Abs(float64(got[i] - want[i])); !(d <= 1e-5*largest) {
			t.Errorf("%s[%d] is %v, want %v; the largest is %v", what, i, got[i], want[i], largest)
			return
		}
	}
}

func stepOf(t testing.TB, e runtime.Engine, g *graph.Graph, in []*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	p, err := e.Compile(g, runtime.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	out := make([]*tensor.Tensor, len(g.Outputs))
	if err := p.Run(context.Background(), in, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// BenchmarkGroupedStep is a convolution of 64 channels in groups, forward and all gradients, for 16 images of 32 by 32.
func BenchmarkGroupedStep(b *testing.B) {
	for _, group := range []int{64, 16, 4, 1} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("groups%d/threads%d", group, threads), func(b *testing.B) {
				g, in := groupedStep(b, 16, 64, group, 32, 1)
				p, err := native.New().Compile(g, runtime.Options{Threads: threads})
				if err != nil {
					b.Fatal(err)
				}
				defer p.Close()
				out := make([]*tensor.Tensor, len(g.Outputs))
				for b.Loop() {
					if err := p.Run(context.Background(), in, out); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
