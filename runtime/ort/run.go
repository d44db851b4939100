//go:build cgo

package ort

import (
	"context"
	"errors"
	"fmt"

	ortgo "github.com/yalue/onnxruntime_go"

	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// unused feeds the input of graphs that have none of their own: see withBindablePorts.
var unused = tensor.New(tensor.Float32, 1)

func (p *program) run(ctx context.Context, in, out []*tensor.Tensor) error {
	b := &binding{in: make([]ortgo.Value, max(1, len(in))), out: make([]ortgo.Value, len(p.outputs))}
	defer b.release()
	for i, t := range in {
		v, err := bind(t)
		if err != nil {
			return fmt.Errorf("input %q: %w", p.inputs[i].Name, err)
		}
		b.in[i] = v
	}
	if len(in) == 0 {
		v, err := bind(unused)
		if err != nil {
			return err
		}
		b.in[0] = v
	}
	results, err := p.bindOutputs(b, in, out)
	if err != nil {
		return err
	}
	if err := p.call(ctx, b); err != nil {
		return err
	}
	for i, t := range results {
		if t == nil {
			if results[i], err = adopt(b.out[i], p.outputs[i].Shape); err != nil {
				return fmt.Errorf("output %q: %w", p.outputs[i].Name, err)
			}
		}
	}
	copy(out, results)
	return nil
}

// bindOutputs binds the caller's tensors, and new ones where out has none. It leaves to ONNX Runtime what has a shape
// that only the run tells. The caller's slice is not changed: a run that fails leaves it as it was.
func (p *program) bindOutputs(b *binding, in, out []*tensor.Tensor) ([]*tensor.Tensor, error) {
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
		v, err := bind(t)
		if err != nil {
			return nil, fmt.Errorf("output %q: %w", port.Name, err)
		}
		results[i], b.out[i] = t, v
	}
	return results, nil
}

// call runs the session. A context that ends makes ONNX Runtime stop before its next node.
//
// Values are passed to Run rather than through an IoBinding object: for memory of the host both bind without a copy,
// and onnxruntime_go's RunWithBinding takes no options, so that it could not be stopped.
func (p *program) call(ctx context.Context, b *binding) error {
	if ctx.Done() == nil {
		return failure(p.session.Run(b.in, b.out))
	}
	options, err := ortgo.NewRunOptions()
	if err != nil {
		return failure(err)
	}
	defer options.Destroy()
	terminated := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(terminated)
		options.Terminate()
	})
	err = p.session.RunWithOptions(b.in, b.out, options)
	if stop() {
		return failure(err)
	}
	<-terminated // the options must outlive the call that sets them
	if err != nil {
		return ctx.Err()
	}
	return nil
}

func failure(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(oneLine(err))
}
