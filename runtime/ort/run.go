//go:build cgo

package ort

import (
	"cmp"
	"context"
	"fmt"
	goruntime "runtime"

	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// unused feeds the input of graphs that have none of their own: see withBindablePorts.
var unused = tensor.New(tensor.Float32, 1)

// run hands the caller's tensors themselves to ONNX Runtime; all ports are bindable. Go's collector does not move what is
// on the heap, and the tensors' memory is pinned until the run has ended.
//
// A value over a tensor costs less than half a microsecond, so none is kept from one run to the next: nothing of the
// caller's stays behind.
func (p *program) run(ctx context.Context, in, out []*tensor.Tensor) error {
	if err := p.checkInputs(in); err != nil {
		return err
	}
	results, err := p.results(in, out)
	if err != nil {
		return err
	}
	if len(in) == 0 {
		in = []*tensor.Tensor{unused}
	}
	var pin goruntime.Pinner
	defer pin.Unpin()
	given, made := make([]value, len(in)), make([]value, len(out))
	defer func() { releaseValues(given); releaseValues(made) }()
	for i, t := range in {
		if given[i], err = overTensor(t, &pin); err != nil {
			return fmt.Errorf("input %q: %w", p.inputs[i].Name, err)
		}
	}
	for i, t := range results {
		if t == nil { // ONNX Runtime allocates it
			continue
		}
		if made[i], err = overTensor(t, &pin); err != nil {
			return fmt.Errorf("output %q: %w", p.outputs[i].Name, err)
		}
	}
	if err := p.call(ctx, p.inNames, given, made); err != nil {
		return err
	}
	for i, t := range results {
		if t != nil {
			continue
		}
		if t, err = tensorOf(made[i]); err == nil && len(p.outputs[i].Shape) == 0 { // it came out as [1]
			t, err = t.Reshape()
		}
		if err != nil {
			return fmt.Errorf("output %q: %w", p.outputs[i].Name, err)
		}
		results[i] = t
	}
	copy(out, results)
	return nil
}

// results are the caller's tensors, and new ones where out has none: nil where only the run tells the shape. The caller's
// slice is not changed: a run that fails leaves it as it was.
func (p *program) results(in, out []*tensor.Tensor) ([]*tensor.Tensor, error) {
	if len(out) != len(p.outputs) {
		return nil, fmt.Errorf("%d outputs given, %d wanted: %w", len(out), len(p.outputs), runtime.ErrInput)
	}
	shapes := p.shapes.of(in)
	results := make([]*tensor.Tensor, len(out))
	for i, port := range p.outputs {
		t := out[i]
		switch {
		case t == nil && shapes[i] == nil:
			continue
		case t == nil:
			t = tensor.New(port.DType, shapes[i]...)
		case t.DType() != port.DType || shapes[i] != nil && !shapes[i].Equal(t.Shape()):
			return nil, fmt.Errorf("output %q is %v, wanted %v%v: %w", port.Name, t, port.DType, shapes[i], runtime.ErrInput)
		}
		results[i] = t
	}
	return results, nil
}

// call runs the session: it writes the values of made and makes those that are nil. A context that ends makes ONNX Runtime
// stop before its next node.
func (p *program) call(ctx context.Context, names []portName, given, made []value) error {
	if ctx.Done() == nil {
		return runValues(p.handle, nil, names, given, p.outNames, made)
	}
	stop, err := newStopper()
	if err != nil {
		return err
	}
	defer stop.close()
	if err := stop.follow(ctx); err != nil {
		return err
	}
	if err := runValues(p.handle, stop.options, names, given, p.outNames, made); err != nil {
		return cmp.Or(ctx.Err(), err)
	}
	return nil
}

// failure is an error of ONNX Runtime as a Refusal.
func failure(err error) error {
	if err == nil {
		return nil
	}
	return Refusal(oneLine(err))
}
