package worker

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/elbo-ml/elbo/bench/model"
	"github.com/elbo-ml/elbo/bench/side"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/engines"
	"github.com/elbo-ml/elbo/tensor"
)

// network is a program on one of the engines and the tensors it runs on.
type network struct {
	program runtime.Program
	in, out []*tensor.Tensor
}

// newProgram takes NETWORK ENGINE THREADS BATCH. Inputs are normal numbers, the same for every engine.
func newProgram(args []string) (side.Task, error) {
	var name, engine string
	var threads, batch int
	if err := scan(args, &name, &engine, &threads, &batch); err != nil {
		return nil, err
	}
	return compile(name, engine, threads, batch)
}

func compile(name, engine string, threads, batch int) (*network, error) {
	g, err := model.Network(name)
	if err != nil {
		return nil, err
	}
	e, err := engines.Open(engine, engines.Options{})
	if err != nil {
		return nil, err
	}
	n := &network{}
	if n.program, err = e.Compile(g, runtime.Options{Threads: threads}); err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(9, 10))
	for _, port := range n.program.Inputs() {
		t := tensor.New(port.DType, sized(port, batch)...)
		for i := range tensor.Data[float32](t) {
			tensor.Data[float32](t)[i] = float32(r.NormFloat64())
		}
		n.in = append(n.in, t)
	}
	n.out = make([]*tensor.Tensor, len(n.program.Outputs()))
	return n, n.Run()
}

// sized is the shape of an input with the batch for what it leaves open.
func sized(port runtime.Port, batch int) []int {
	shape := make([]int, len(port.Shape))
	for i, d := range port.Shape {
		n, known := d.Known()
		if !known {
			n = batch
		}
		shape[i] = n
	}
	return shape
}

// Check is all outputs, one after the other.
func (n *network) Check() ([]float32, error) {
	var all []float32
	err := n.Run()
	for _, t := range n.out {
		all = slices.Concat(all, tensor.Data[float32](t))
	}
	return all, err
}

func (n *network) Run() error { return n.program.Run(context.Background(), n.in, n.out) }
func (n *network) Close()     { n.program.Close() }
