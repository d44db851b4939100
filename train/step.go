package train

import (
	"context"
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// step is the training step: objective and gradients as one graph, whose inputs are the minibatch, the noise, the KL
// weight and the master weights, and every tensor that goes in and out of it, bound once.
type step struct {
	graph   *graph.Graph
	program runtime.Program
	bound   runtime.Bound // the program over in and out
	in, out []*tensor.Tensor

	streams  []*tensor.Tensor // the minibatch, and those of the sides
	noise    []noise
	klWeight *tensor.Tensor // or nil
	// scalars are what the step measures, under names: the first of out.
	scalars []*tensor.Tensor
	names   []string
	seen    seen // room for their content
	running []running
}

// newStep builds the step for minibatches of the given number of rows, in which the running statistics that a pattern
// freezes stay as they are. It sets the gradients of params.
func newStep(obj *Objective, params []*param, freeze []string, batch int, seed uint64, threads int) (*step, error) {
	moving, kept := obj.moving(freeze)
	g, at, err := stepGraph(obj, params, moving, kept)
	if err != nil {
		return nil, err
	}
	s := &step{graph: g}
	if err := s.bind(obj, at, params, moving, batch, seed, threads); err != nil {
		return nil, err
	}
	return s, nil
}

// compile makes the step ready to run.
func (s *step) compile(e runtime.Engine, o runtime.Options) (err error) {
	if s.program, err = e.Compile(s.graph, o); err != nil {
		return fmt.Errorf("train: compile the step: %w", err)
	}
	if s.bound, err = runtime.Bind(s.program, s.in, s.out); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

// close frees what compile made.
func (s *step) close() {
	if s.bound != nil {
		s.bound.Close()
	}
	if s.program != nil {
		s.program.Close()
	}
}

// stepGraph is the graph of the step: loss, ELBO, reconstruction, KL, the terms, the gradients of params and the next values
// of the moving statistics as outputs of data, noise, KL weight, params and these statistics; and where the objective's
// values are in it.
func stepGraph(obj *Objective, params []*param, moving, kept []graph.Statistic) (*graph.Graph, map[*graph.Value]*graph.Value, error) {
	g, at := obj.Graph.CloneMap()
	g.Keep(in(at, kept)...)
	values := make([]*graph.Value, len(params))
	for i, p := range params {
		if values[i] = at[obj.param(p.name)]; values[i] == nil {
			return nil, nil, fmt.Errorf("train: parameter %q is not a value of the objective's graph", p.name)
		}
	}
	stopped := make([]*graph.Value, len(obj.Stopped))
	for i, v := range obj.Stopped {
		stopped[i] = at[v]
	}
	grads, err := Gradients(g, at[obj.Loss], values, stopped...)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range in(at, moving) {
		values = append(values, r.Weight)
	}
	if err := g.WeightsToInputs(values...); err != nil {
		return nil, nil, fmt.Errorf("train: %w", err)
	}
	g.Outputs = nil
	scalars, names := obj.scalars()
	for i, v := range scalars {
		output(g, names[i], at[v])
	}
	for i, v := range grads {
		output(g, "gradient:"+params[i].name, v)
	}
	for _, r := range in(at, moving) {
		output(g, "next:"+r.Weight.Name, r.Next)
	}
	if err := g.Err(); err != nil {
		return nil, nil, fmt.Errorf("train: build the step: %w", err)
	}
	return g, at, nil
}

// output makes v an output, under the given name unless another value has it.
func output(g *graph.Graph, name string, v *graph.Value) {
	if w := g.Value(name); w != nil && w != v {
		name = g.Fresh(name)
	}
	g.Output(name, v)
}

// bind makes the tensors for the graph's inputs and outputs.
func (s *step) bind(obj *Objective, at map[*graph.Value]*graph.Value, params []*param, moving []graph.Statistic, batch int, seed uint64, threads int) error {
	s.in = make([]*tensor.Tensor, len(s.graph.Inputs))
	feed := func(v *graph.Value, t *tensor.Tensor) { s.in[slices.Index(s.graph.Inputs, v)] = t }
	stream := func(v *graph.Value, batch int) error {
		t, err := batchTensor(v, batch)
		if err == nil {
			feed(at[v], t)
			s.streams = append(s.streams, t)
		}
		return err
	}
	if err := stream(obj.X, batch); err != nil {
		return err
	}
	for _, side := range obj.Sides {
		if err := stream(side.X, side.Batch); err != nil {
			return err
		}
	}
	for kind, inputs := range [...][]*graph.Value{normalNoise: obj.Noise, uniformNoise: obj.Uniform} {
		for i, v := range inputs {
			t, err := batchTensor(v, obj.batchOf(v, batch))
			if err != nil {
				return err
			}
			feed(at[v], t)
			s.noise = append(s.noise, newNoise(t, noiseKind(kind), runtime.Noise{Seed: seed, Stream: uint64(i) + 1}, threads))
		}
	}
	if obj.KLWeight != nil {
		shape, known := obj.KLWeight.Shape.Known()
		if !known || tensor.Shape(shape).Size() != 1 {
			return fmt.Errorf("train: the KL weight %v is not a single number", obj.KLWeight)
		}
		s.klWeight = tensor.New(obj.KLWeight.DType, shape...)
		feed(at[obj.KLWeight], s.klWeight)
	}
	for _, p := range params {
		feed(at[obj.param(p.name)], p.weight)
	}
	next, err := bindRunning(moving, feed, at)
	if err != nil {
		return err
	}
	s.running = next
	for i, t := range s.in {
		if t == nil {
			return fmt.Errorf("train: the objective's input %v is neither data, noise, KL weight nor parameter", s.graph.Inputs[i])
		}
	}
	_, s.names = obj.scalars()
	for i, v := range s.graph.Outputs[:len(s.names)] {
		if n, ok := v.Shape.Size().Known(); !ok || n != 1 || v.DType != tensor.Float32 && v.DType != tensor.Float64 {
			return fmt.Errorf("train: the objective's %s %v is not a single real number", s.names[i], v)
		}
		shape, _ := v.Shape.Known()
		s.out = append(s.out, tensor.New(v.DType, shape...))
	}
	s.scalars, s.seen = s.out, make(seen, len(s.names))
	for _, p := range params {
		p.grad = tensor.New(p.weight.DType(), p.weight.Shape()...)
		s.out = append(s.out, p.grad)
	}
	for _, r := range s.running {
		s.out = append(s.out, r.next)
	}
	return nil
}

// batchTensor is a tensor for an input whose first axis is the minibatch.
func batchTensor(v *graph.Value, batch int) (*tensor.Tensor, error) {
	if v.DType != tensor.Float32 && v.DType != tensor.Float64 {
		return nil, fmt.Errorf("train: the objective's input %v is neither float32 nor float64", v)
	}
	if v.Rank() < 1 {
		return nil, fmt.Errorf("train: the objective's input %v has no axis for the minibatch", v)
	}
	if n, known := v.Shape[0].Known(); known && n != batch {
		return nil, fmt.Errorf("train: the model takes minibatches of %d only: set the batch to %d, not %d: %w", n, n, batch, ErrOptions)
	}
	shape, known := v.Shape[1:].Known()
	if !known {
		return nil, fmt.Errorf("train: the objective's input %v leaves a size open other than the minibatch's", v)
	}
	return tensor.New(v.DType, append([]int{batch}, shape...)...), nil
}

// take copies a stream's minibatch in.
func (s *step) take(stream int, x *tensor.Tensor) {
	src := tensor.Data[float32](x)
	if to := s.streams[stream]; to.DType() == tensor.Float64 {
		dst := tensor.Data[float64](to)
		for i, v := range src {
			dst[i] = float64(v)
		}
	} else {
		copy(tensor.Data[float32](to), src)
	}
}

// draw draws the noise of the step that follows so many others: a function of the seed and of the datapoint's number in
// its stream.
func (s *step) draw(done int, klWeight float64) {
	for i := range s.noise {
		s.noise[i].draw(uint64(done) * uint64(s.noise[i].batch()))
	}
	if s.klWeight != nil {
		setNumber(s.klWeight, klWeight)
	}
}

func (s *step) run(ctx context.Context) error { return s.bound.Run(ctx) }

// number is the content of a tensor of one real number.
func number(t *tensor.Tensor) float64 {
	if t.DType() == tensor.Float64 {
		return tensor.Data[float64](t)[0]
	}
	return float64(tensor.Data[float32](t)[0])
}

func setNumber(t *tensor.Tensor, v float64) {
	if t.DType() == tensor.Float64 {
		tensor.Data[float64](t)[0] = v
	} else {
		tensor.Data[float32](t)[0] = float32(v)
	}
}
