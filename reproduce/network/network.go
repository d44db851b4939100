// Package network builds the classifiers of the experiments with dropout, as graphs.
package network

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// MLP is a network of dense layers with relu between them, from rows of sizes[0] numbers to sizes[len-1] logits. Its weights
// are called fc1.weight, fc1.bias, fc2.weight, ...
func MLP(seed uint64, sizes ...int) (*graph.Graph, error) {
	g := graph.New("mlp")
	g.Init = initial(seed)
	h := g.Input("x", "batch", sizes[0])
	for i, units := range sizes[1:] {
		if i > 0 {
			h = g.Relu(h)
		}
		h = g.Dense(fmt.Sprintf("fc%d", i+1), h, units)
	}
	g.Output("logits", h)
	return g, g.Err()
}

// LeNet5 is the convolutional network of LeCun et al. (1998) as Caffe has it, on 28x28 pixels: 5x5 convolutions to 20 and 50
// maps, each followed by relu and 2x2 maximum pooling, and dense layers of 500 and 10 units.
func LeNet5(seed uint64) (*graph.Graph, error) {
	g := graph.New("lenet5")
	g.Init = initial(seed)
	h := g.Input("x", "batch", 1, 28, 28)
	in := 1
	for i, maps := range []int{20, 50} {
		name := fmt.Sprintf("conv%d", i+1)
		w, b := g.InitWeight(name+".weight", 25*in, maps, in, 5, 5), g.InitWeight(name+".bias", 25*in, maps)
		h = g.Node("Conv", graph.Attrs{"kernel_shape": []int64{5, 5}}, h, w, b)
		h = g.Node("MaxPool", graph.Attrs{"kernel_shape": []int64{2, 2}, "strides": []int64{2, 2}}, g.Relu(h))
		in = maps
	}
	h = g.Relu(g.Dense("fc1", g.Flatten(h, 1), 500))
	g.Output("logits", g.Dense("fc2", h, 10))
	return g, g.Err()
}

// initial draws weights from N(0, 2/fan_in) (He et al., 2015) and leaves biases, of one axis, at 0. The same seed gives the
// same bits on every machine.
func initial(seed uint64) graph.Init {
	stream := uint64(0)
	return func(_ string, fanIn int, shape ...int) *tensor.Tensor {
		t := tensor.New(tensor.Float32, shape...)
		if len(shape) == 1 {
			return t
		}
		w := tensor.Data[float32](t)
		runtime.Noise{Seed: seed, Stream: stream}.Normal(0, w)
		stream++
		scale := float32(math.Sqrt(2 / float64(fanIn)))
		for i := range w {
			w[i] *= scale
		}
		return t
	}
}

// Rescale gives the first weights of a network of this package the deviation, in every layer; biases stay at 0.
func Rescale(g *graph.Graph, deviation float64) {
	for _, w := range g.Weights {
		shape := w.Data.Shape()
		if len(shape) == 1 {
			continue
		}
		fanIn := w.Data.Len() / shape[0]
		scale := float32(deviation / math.Sqrt(2/float64(fanIn)))
		for i, v := range tensor.Data[float32](w.Data) {
			tensor.Data[float32](w.Data)[i] = v * scale
		}
	}
}
