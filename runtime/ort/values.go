//go:build cgo

package ort

import (
	"context"
	"fmt"
	goruntime "runtime"
	"slices"

	ortgo "github.com/yalue/onnxruntime_go"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// values runs the session on values. A program of bindable ports runs on their tensors.
func (p *program) values(ctx context.Context, in []tensor.Value) ([]tensor.Value, error) {
	if !p.bindable {
		return p.runValues(ctx, in)
	}
	fed, got := make([]*tensor.Tensor, len(in)), make([]*tensor.Tensor, len(p.outputs))
	for i, v := range in {
		if v.Kind != tensor.Dense {
			return nil, fmt.Errorf("input %d is a %v, and the program takes tensors: %w", i, v.Kind, runtime.ErrInput)
		}
		fed[i] = v.Tensor
	}
	if err := p.run(ctx, fed, got); err != nil {
		return nil, err
	}
	out := make([]tensor.Value, len(got))
	for i, t := range got {
		out[i] = tensor.ValueOf(t)
	}
	return out, nil
}

// runCopied is run where ONNX Runtime allocates each output, which is then copied: all of them, or none.
func (p *program) runCopied(ctx context.Context, in, out []*tensor.Tensor) error {
	if len(out) != len(p.outputs) {
		return fmt.Errorf("%d outputs given, %d wanted: %w", len(out), len(p.outputs), runtime.ErrInput)
	}
	if i := slices.IndexFunc(p.outputs, func(port runtime.Port) bool { return port.Kind != tensor.Dense }); i >= 0 {
		return fmt.Errorf("output %q is a %v: RunValues gives such: %w", p.outputs[i].Name, p.outputs[i].Kind, runtime.ErrInput)
	}
	fed := make([]tensor.Value, len(in))
	for i, t := range in {
		if t == nil {
			return fmt.Errorf("input %d is nil: %w", i, runtime.ErrInput)
		}
		fed[i] = tensor.ValueOf(t)
	}
	made, err := p.runValues(ctx, fed)
	if err != nil {
		return err
	}
	for i, v := range made {
		if o := out[i]; o != nil && (o.DType() != v.DType || !o.Shape().Equal(v.Tensor.Shape())) {
			return fmt.Errorf("output %q is %v, wanted %v: %w", p.outputs[i].Name, o, v, runtime.ErrInput)
		}
	}
	for i, v := range made {
		if out[i] == nil {
			out[i] = v.Tensor
			continue
		}
		copy(out[i].Bytes(), v.Tensor.Bytes())
		copy(out[i].Strings(), v.Tensor.Strings())
	}
	return nil
}

// runValues feeds the session and copies what it made.
func (p *program) runValues(ctx context.Context, in []tensor.Value) ([]tensor.Value, error) {
	if len(in) != len(p.inputs) {
		return nil, fmt.Errorf("%d inputs given, %d wanted: %w", len(in), len(p.inputs), runtime.ErrInput)
	}
	var pin goruntime.Pinner
	defer pin.Unpin()
	var names []portName
	var given []value
	defer func() { releaseValues(given) }()
	for i, v := range in {
		port := p.inputs[i]
		if err := checkValue(port, v); err != nil {
			return nil, err
		}
		if v.Empty { // an optional that is not fed holds nothing
			continue
		}
		fed, err := valueOf(v, &pin)
		if err != nil {
			return nil, fmt.Errorf("input %q: %w", port.Name, err)
		}
		names, given = append(names, p.inNames[i]), append(given, fed)
	}
	made := make([]value, len(p.outNames))
	defer releaseValues(made)
	if err := p.call(ctx, names, given, made); err != nil {
		return nil, err
	}
	out := make([]tensor.Value, len(made))
	for i, v := range made {
		port := p.outputs[i]
		var err error
		if out[i], err = copied(v, port); err != nil {
			return nil, fmt.Errorf("output %q: %w", port.Name, err)
		}
	}
	return out, nil
}

// checkValue holds v to the kind and the element type of an input. What an optional may hold also stands for the optional.
func checkValue(port runtime.Port, v tensor.Value) error {
	if port.Kind == tensor.Dense && v.Kind == tensor.Dense {
		return checkInput(port, v.Tensor)
	}
	optional := port.Kind == tensor.Optional || port.Kind == tensor.OptionalSequence
	good := v.Kind == port.Kind || port.Kind == tensor.Optional && v.Kind == tensor.Dense ||
		port.Kind == tensor.OptionalSequence && v.Kind == tensor.Sequence
	good = good && v.DType == port.DType && (optional || !v.Empty)
	held := v.Items
	if !v.Empty && (v.Kind == tensor.Dense || v.Kind == tensor.Optional) {
		held = []*tensor.Tensor{v.Tensor}
	}
	for _, t := range held {
		good = good && t != nil && t.DType() == port.DType
	}
	if !good {
		return fmt.Errorf("input %q is a %v of %v, wanted a %v of %v: %w", port.Name, v.Kind, v.DType, port.Kind, port.DType, runtime.ErrInput)
	}
	return nil
}

// valueOf is v, which holds something, as ONNX Runtime takes it. Memory that it shares with v stays where it is until pin
// is undone.
func valueOf(v tensor.Value, pin *goruntime.Pinner) (value, error) {
	switch {
	case v.Tensor != nil:
		return valueOfTensor(v.Tensor, pin)
	case len(v.Items) == 0:
		return emptySequence(v.DType)
	}
	items := make([]value, len(v.Items))
	defer func() { releaseValues(items) }()
	for i, t := range v.Items {
		var err error
		if items[i], err = valueOfTensor(t, pin); err != nil {
			return nil, fmt.Errorf("entry %d: %w", i, err)
		}
	}
	return newSequence(items)
}

// valueOfTensor is a value over t's own memory, or over a copy where ONNX Runtime's form of the elements is another.
func valueOfTensor(t *tensor.Tensor, pin *goruntime.Pinner) (value, error) {
	shape := make(ortgo.Shape, len(t.Shape()))
	for i, d := range t.Shape() {
		shape[i] = int64(d)
	}
	switch {
	case t.DType() == tensor.String:
		return newStrings(t, shape)
	case t.DType().Bits() < 8:
		return overBytes(tensor.Pack(t), t.DType(), shape, pin)
	}
	return overBytes(t.Bytes(), t.DType(), shape, pin)
}

// copied is what a run gave at a port.
func copied(v value, port runtime.Port) (out tensor.Value, err error) {
	out = tensor.Value{Kind: port.Kind, DType: port.DType}
	kind, err := kindOfValue(v)
	switch {
	case err != nil:
		return out, err
	case kind == typeNone:
		out.Empty = true
	case kind == typeSequence:
		out.Items, err = itemsOf(v)
	default:
		out.Tensor, err = tensorOf(v)
	}
	return out, err
}

// emptySequence is a sequence of no tensors. ONNX Runtime's API does not make one; its operator does.
func emptySequence(dtype tensor.DType) (value, error) {
	g := graph.New("nothing")
	g.Output("y", g.Node("SequenceEmpty", graph.Attrs{"dtype": int64(dtype)}))
	model, err := importer.Marshal(g)
	if err != nil {
		return nil, err
	}
	p := &program{name: g.Name}
	if err := p.open(model, nil, []string{"y"}, runtime.Options{Provider: "cpu", Threads: 1}); err != nil {
		return nil, err
	}
	defer p.Close()
	made := make([]value, 1)
	err = runValues(p.handle, nil, nil, nil, p.outNames, made)
	return made[0], err
}
