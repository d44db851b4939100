package native

import (
	"context"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// scattered has elements of many sizes, so that a sum taken in another order has other bits.
func scattered(dims ...int) *tensor.Tensor {
	t := tensor.New(tensor.Float32, dims...)
	state := uint32(1)
	for i := range tensor.Data[float32](t) {
		state = state*1664525 + 1013904223
		tensor.Data[float32](t)[i] = float32(int32(state)) / (1 << 24) / float32(i%11+1)
	}
	return t
}

// Every family of kernels, on tensors large enough to be cut among threads, has the same bits and allocates nothing on
// any number of them.
func TestResultsDoNotDependOnThreads(t *testing.T) {
	g := graph.New("all")
	x, image := g.Input("x", "n", 512), g.Input("image", "n", 4, 32, 32)
	w := g.Weight("w", scattered(8, 4, 3, 3))
	add := func(v *graph.Value) { g.Outputs = append(g.Outputs, v) }
	add(g.ReduceSum(x, false))
	add(g.ReduceMean(x, false, 0))
	add(g.ReduceMean(x, false, 1))
	add(g.ReduceLogSumExp(x, false))
	add(g.ReduceSum(image, false, 0, 2, 3))
	add(g.Softmax(x, -1))
	add(g.LogSoftmax(x, 0))
	add(g.CumSum(x, 1))
	add(g.Tanh(g.Add(x, g.ReduceMax(x, true, 1))))
	add(g.MatMul(x, g.Transpose(x, 1, 0)))
	conv := g.Node("Conv", graph.Attrs{"pads": []int64{1, 1, 1, 1}}, image, w)
	add(conv)
	add(g.Node("ConvTranspose", graph.Attrs{"strides": []int64{2, 2}}, conv, w))
	add(g.Node("AveragePool", graph.Attrs{"kernel_shape": []int64{3, 3}}, image))
	ones, zeros := g.Const(filled(1, 4)), g.Const(tensor.New(tensor.Float32, 4))
	add(g.NodeN("BatchNormalization", 3, graph.Attrs{"training_mode": int64(1)}, image, ones, zeros, zeros, ones)[0])
	add(g.Node("InstanceNormalization", nil, image, ones, zeros))
	add(g.Transpose(image, 2, 0, 3, 1))
	add(g.MatMul(image, image))
	pooled := g.NodeN("MaxPool", 2, graph.Attrs{"kernel_shape": []int64{2, 2}, "strides": []int64{1, 1}}, image)
	flat := g.Int64s(-1)
	add(g.Node("ScatterElements", graph.Attrs{"reduction": "add"}, g.Reshape(image, flat), g.Reshape(pooled[1], flat), g.Reshape(pooled[0], flat)))
	add(g.Node("Conv", graph.Attrs{"group": int64(4), "pads": []int64{1, 1, 1, 1}}, image, g.Weight("each", scattered(4, 1, 3, 3))))
	add(g.Node("MaxPool", graph.Attrs{"kernel_shape": []int64{3, 3}, "strides": []int64{2, 2}}, image))
	for _, mode := range []string{"nearest", "linear", "cubic"} {
		add(g.Node("Resize", graph.Attrs{"mode": mode}, image, nil, g.Const(tensor.Vector[float32](1, 1, 2, 0.75))))
	}
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	in := []*tensor.Tensor{scattered(40, 512), scattered(40, 4, 32, 32)}
	var want []*tensor.Tensor
	for threads := 1; threads <= 4; threads++ {
		p, err := New().Compile(g, runtime.Options{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		out := make([]*tensor.Tensor, len(g.Outputs))
		if err := p.Run(context.Background(), in, out); err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = out
		}
		for i := range out {
			if string(out[i].Bytes()) != string(want[i].Bytes()) {
				t.Errorf("%d threads: %s differs", threads, g.Outputs[i].Name)
			}
		}
		// The scratch memory of products is made when a worker first meets one, and the scheduler decides in which run
		// that is: once every worker is warm no run allocates.
		allocations := 1.0
		for try := 0; try < 10 && allocations > 0; try++ {
			allocations = testing.AllocsPerRun(10, func() { err = p.Run(context.Background(), in, out) })
		}
		if allocations != 0 || err != nil {
			t.Errorf("%d threads: %v allocations per run, %v", threads, allocations, err)
		}
		p.Close()
	}
}

// float32 and float64 are one code; they must agree to float32's precision.
func TestFloat32AgreesWithFloat64(t *testing.T) {
	run := func(dtype tensor.DType) []*tensor.Tensor {
		g := graph.New("both")
		x := g.InputOf(dtype, "x", graph.Dims(8, 64))
		h := g.Tanh(g.MatMul(x, g.Transpose(x, 1, 0)))
		g.Output("h", h)
		g.Output("loss", g.ReduceSum(g.Sub(g.Softplus(x), g.Mul(g.Sigmoid(x), x)), false))
		g.Output("lse", g.ReduceLogSumExp(x, false, 1))
		v := tensor.New(dtype, 8, 64)
		for i, e := range scattered(8, 64).Floats() {
			if dtype == tensor.Float64 {
				tensor.Data[float64](v)[i] = e / 100
			} else {
				tensor.Data[float32](v)[i] = float32(e / 100)
			}
		}
		return run(t, g, v)
	}
	single, double := run(tensor.Float32), run(tensor.Float64)
	for i := range single {
		for k, want := range double[i].Floats() {
			if got := single[i].Floats()[k]; !near(got, want, 2e-5) {
				t.Fatalf("output %d, element %d: %v in float32, %v in float64", i, k, got, want)
			}
		}
	}
}
