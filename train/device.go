package train

import (
	"context"
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/profile"
	"github.com/elbo-ml/elbo/tensor"
)

// device is the step where the engine computes in memory of its own: gradients and update as one graph, whose weights,
// optimiser state and averages stay there from step to step. Minibatch, noise and a few numbers go in, a few come out.
type device struct {
	loop     runtime.Loop
	in, out  []*tensor.Tensor // nil where the device carries
	state    []*tensor.Tensor // the host's tensors of what it carries, which are those of the trainer
	rule     graphRule
	numbers  []*tensor.Tensor // of the rule
	observed *tensor.Tensor   // what the step measures, the gradient's norm, the sum of the weights' sizes
	held     int              // the step whose state the host's tensors hold
}

// newDevice is the step on the engine's device; nil where the engine computes in the processor's memory, or the
// optimiser must, in which case a note says what that costs.
func (t *trainer) newDevice() (*device, error) {
	e, ok := t.Engine.(runtime.Looper)
	if !ok {
		return nil, nil
	}
	apart, err := e.Apart(t.engineOptions())
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if !apart {
		return nil, nil
	}
	rule, ok := t.Optimizer.(graphRule)
	if !ok {
		t.report.Notes = append(t.report.Notes, fmt.Sprintf("%s runs on the processor, so all weights and gradients are copied at each step; adam stays on the device", t.Optimizer.Name()))
		return nil, nil
	}
	b := deviceGraph{device: &device{rule: rule, held: -1}}
	b.Graph, b.at = t.step.graph.CloneMap()
	if err := b.build(t.step, t.params, t.Clip, t.EMA); err != nil {
		return nil, fmt.Errorf("train: build the step on the device: %w", err)
	}
	if b.loop, err = e.CompileLoop(b.Graph, b.carry, t.engineOptions()); err != nil {
		return nil, fmt.Errorf("train: compile the step: %w", err)
	}
	return b.device, nil
}

// deviceGraph appends the update to a copy of the step's graph.
type deviceGraph struct {
	*graph.Graph
	*device
	at    map[*graph.Value]*graph.Value // where the step's values are in the copy
	carry []runtime.Carry
}

func (b *deviceGraph) build(s *step, params []*param, clip, decay float64) error {
	b.in = slices.Clone(s.in)
	var observed []*graph.Value
	for _, v := range s.graph.Outputs[:len(s.names)] {
		observed = append(observed, b.at[v])
	}
	var gradients []*graph.Value
	behind := s.graph.Outputs[len(s.names):]
	for _, v := range behind[:len(params)] {
		gradients = append(gradients, b.at[v])
	}
	first := observed[0]
	norm := b.sum(first, gradients, func(g *graph.Value) *graph.Value { return b.Mul(g, g) })
	norm = b.Sqrt(norm)
	scale := b.Scalar(1, first)
	if clip > 0 {
		scale = b.Min(scale, b.Div(b.Scalar(clip, first), norm))
	}
	numbers := b.numberInputs(first)
	b.Outputs = nil
	var weights []*graph.Value
	for i, p := range params {
		gradient := gradients[i]
		if clip > 0 {
			gradient = b.Mul(gradient, b.like(scale, gradient))
		}
		of := make([]*graph.Value, len(numbers))
		for k, v := range numbers {
			of[k] = b.like(v, gradient)
		}
		port := slices.Index(s.in, p.weight)
		weight := b.Inputs[port]
		state := make([]*graph.Value, len(p.state))
		inputs := []int{port}
		for k, name := range b.rule.State() {
			inputs = append(inputs, len(b.Inputs))
			state[k] = b.stateInput(name+":"+p.name, weight)
		}
		next, nextState := b.rule.nodes(b.Graph, weight, gradient, state, of)
		tensors, values := append([]*tensor.Tensor{p.weight}, p.state...), append([]*graph.Value{next}, nextState...)
		if p.mean != nil {
			inputs = append(inputs, len(b.Inputs))
			mean := b.stateInput(meanState+":"+p.name, weight)
			tensors = append(tensors, p.mean)
			values = append(values, b.Add(b.Mul(b.Scalar(decay, mean), mean), b.Mul(b.Scalar(1-decay, next), next)))
		}
		weights = append(weights, next)
		b.carryOver(inputs, values, tensors)
	}
	for i, r := range s.running {
		next := b.at[behind[len(params)+i]]
		weights = append(weights, next)
		b.carryOver([]int{slices.Index(s.in, r.weight)}, []*graph.Value{next}, []*tensor.Tensor{r.weight})
	}
	observed = append(observed, norm, b.sum(first, weights, b.Abs))
	for i, v := range observed {
		observed[i] = b.Reshape(b.like(v, first), b.Int64s(1))
	}
	b.observed = tensor.New(first.DType, len(observed))
	b.Outputs, b.out = append(b.Outputs, b.Concat(0, observed...)), append(b.out, b.observed)
	return b.Err()
}

// sum is the sum of f over all elements of the values, in first's type: infinite or NaN when one of them is.
func (b *deviceGraph) sum(first *graph.Value, values []*graph.Value, f func(*graph.Value) *graph.Value) *graph.Value {
	var sum *graph.Value
	for _, v := range values {
		part := b.like(b.ReduceSum(f(v), false), first)
		if sum == nil {
			sum = part
		} else {
			sum = b.Add(sum, part)
		}
	}
	return sum
}

// like is v in the type of another.
func (b *deviceGraph) like(v, other *graph.Value) *graph.Value {
	if v.DType == other.DType {
		return v
	}
	return b.Cast(v, other.DType)
}

// numberInputs are inputs for the rule's numbers, and their tensors.
func (b *deviceGraph) numberInputs(first *graph.Value) []*graph.Value {
	var inputs []*graph.Value
	for range b.rule.numbers(1, 1) {
		t := tensor.New(first.DType)
		b.numbers = append(b.numbers, t)
		b.in = append(b.in, t)
		inputs = append(inputs, b.InputOf(first.DType, b.Fresh("number"), graph.Shape{}))
	}
	return inputs
}

// stateInput is an input of weight's type and shape.
func (b *deviceGraph) stateInput(name string, weight *graph.Value) *graph.Value {
	if b.Value(name) != nil {
		name = b.Fresh(name)
	}
	b.in = append(b.in, nil)
	return b.InputOf(weight.DType, name, weight.Shape)
}

// carryOver makes values the outputs that one run hands to the inputs of the next.
func (b *deviceGraph) carryOver(inputs []int, values []*graph.Value, tensors []*tensor.Tensor) {
	for i, v := range values {
		b.carry = append(b.carry, runtime.Carry{In: inputs[i], Out: len(b.Outputs)})
		b.Outputs, b.out = append(b.Outputs, v), append(b.out, nil)
		b.in[inputs[i]] = nil
	}
	b.state = append(b.state, tensors...)
}

// toDevice takes the trainer's weights and state to the device, if there is one.
func (t *trainer) toDevice() error {
	if t.device == nil {
		return nil
	}
	if err := t.device.loop.Put(t.device.state); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	t.device.held = t.done
	return nil
}

// fromDevice brings the trainer's weights and state up to the last step, if they are on a device.
func (t *trainer) fromDevice() error {
	d := t.device
	if d == nil || d.held == t.done {
		return nil
	}
	if err := d.loop.Get(d.state); err != nil {
		return fmt.Errorf("train: the weights of step %d stayed on the device, the model has those of step %d: %w", t.done, max(d.held, 0), err)
	}
	d.held = t.done
	return nil
}

// advanceOnDevice is advance where the device updates the weights.
func (t *trainer) advanceOnDevice(ctx context.Context, n int, rate float64) (seen, error) {
	d := t.device
	for i, v := range d.rule.numbers(n, rate) {
		setNumber(d.numbers[i], v)
	}
	span := profile.From(ctx).Begin(profile.Main, &programWork)
	err := d.loop.Run(ctx, d.in, d.out)
	span.End()
	if err != nil {
		return nil, fmt.Errorf("train: step %d: %w", n, err)
	}
	v := d.observed.Floats()
	measured := len(t.step.names)
	seen := seen(v[:measured])
	t.norm = v[measured]
	switch {
	case !seen.finite() || !finite(t.norm):
		if err := d.loop.Undo(); err != nil {
			return seen, fmt.Errorf("train: step %d: %w", n, err)
		}
		if err := t.fromDevice(); err != nil {
			return seen, err
		}
		return seen, t.step.blame(ctx, n, t.Engine, t.engineOptions())
	case !finite(v[measured+1]):
		return seen, t.checkUpdate(n)
	}
	return seen, nil
}

// checkUpdate looks for the weight that step n took out of range, and goes back to the state from before it when there is
// one. There is none when it was but the sum of their sizes that left the range.
func (t *trainer) checkUpdate(n int) error {
	d := t.device
	if err := d.loop.Get(d.state); err != nil {
		return fmt.Errorf("train: step %d: %w", n, err)
	}
	d.held = n
	weights := make([]running, 0, len(t.params)+len(t.step.running))
	for _, p := range t.params {
		weights = append(weights, running{name: p.name, weight: p.weight})
	}
	for _, p := range append(weights, t.step.running...) {
		if _, _, bad := firstBad(p.weight); bad {
			if err := d.loop.Undo(); err != nil {
				return fmt.Errorf("train: step %d: %w", n, err)
			}
			if err := t.fromDevice(); err != nil {
				return err
			}
			return outOfRange(n, p.name)
		}
	}
	return nil
}
