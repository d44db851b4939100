package importer_test

import (
	"context"
	"fmt"
	"log"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
)

// Any ONNX model, read and run: importer.Load takes the path of a file instead of its bytes.
func Example() {
	g, err := importer.Unmarshal(someONNX(), importer.Options{})
	if err != nil {
		log.Fatal(err)
	}
	p, err := native.New().Compile(g, runtime.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	x, err := tensor.Wrap([]float32{-1, 0, 1, 2}, 2, 2)
	if err != nil {
		log.Fatal(err)
	}
	y := make([]*tensor.Tensor, 1) // Run makes what is nil
	if err := p.Run(context.Background(), []*tensor.Tensor{x}, y); err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Inputs()[0].Name, y[0], tensor.Data[float32](y[0]))
	// Output: x float32[2,2] [0 0 1 2]
}

// someONNX is a file of one Relu.
func someONNX() []byte {
	g := graph.New("relu")
	g.Output("y", g.Relu(g.Input("x", "batch", 2)))
	b, err := importer.Marshal(g)
	if err != nil {
		log.Fatal(err)
	}
	return b
}
