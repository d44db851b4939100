//go:build cgo

package ort

import (
	"context"
	"fmt"
	goruntime "runtime"
	"sync"

	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// bound is a run over the same tensors every time: one IoBinding, made once, over the tensors' own memory. Where the
// provider computes elsewhere, each run copies the inputs anew; on the CPU nothing is copied.
type bound struct {
	p       *program
	stop    *stopper
	pin     goruntime.Pinner
	copies  bool // whether binding an input copies it
	in, out []value

	mu      sync.Mutex // held by the run in flight
	binding ioBinding  // nil when closed
}

// Bind binds the session to the tensors, whose memory is pinned until the run or the program is closed. What is not
// bindable is handed to each run.
func (p *program) Bind(in, out []*tensor.Tensor) (runtime.Bound, error) {
	if !p.bindable {
		return runtime.Each(p, in, out), nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	b, err := p.bind(in, out)
	if err != nil {
		return nil, fmt.Errorf("ort: bind %q: %w", p.name, err)
	}
	p.bounds[b] = true
	return b, nil
}

func (p *program) bind(in, out []*tensor.Tensor) (*bound, error) {
	if p.session == nil {
		return nil, runtime.ErrClosed
	}
	if err := p.checkInputs(in); err != nil {
		return nil, err
	}
	if err := p.checkOutputs(in, out); err != nil {
		return nil, err
	}
	if len(in) == 0 {
		in = []*tensor.Tensor{unused}
	}
	b := &bound{p: p, in: make([]value, len(in)), out: make([]value, len(out))}
	if err := b.fill(in, out); err != nil {
		b.release()
		return nil, err
	}
	return b, nil
}

func (b *bound) fill(in, out []*tensor.Tensor) (err error) {
	for i, t := range in {
		if b.in[i], err = overTensor(t, &b.pin); err != nil {
			return err
		}
	}
	for i, t := range out {
		if b.out[i], err = overTensor(t, &b.pin); err != nil {
			return err
		}
	}
	if b.stop, err = newStopper(); err != nil {
		return err
	}
	if b.binding, err = newIOBinding(b.p.handle); err != nil {
		return err
	}
	memories, err := inputMemories(b.p.handle, len(in))
	if err != nil {
		return err
	}
	for i, v := range b.in {
		b.copies = b.copies || onDevice(memories[i])
		if err := bindInput(b.binding, b.p.inNames[i], v); err != nil {
			return err
		}
	}
	for i, v := range b.out {
		if err := bindOutput(b.binding, b.p.outNames[i], v); err != nil {
			return err
		}
	}
	return nil
}

// checkOutputs is checkInputs for tensors that a run is to write: all must be given and have the shapes of the outputs.
func (p *program) checkOutputs(in, out []*tensor.Tensor) error {
	if len(out) != len(p.outputs) {
		return fmt.Errorf("%d outputs given, %d wanted: %w", len(out), len(p.outputs), runtime.ErrInput)
	}
	shapes := p.shapes.of(in)
	for i, t := range out {
		port := p.outputs[i]
		if t == nil || shapes[i] == nil {
			return fmt.Errorf("output %q is not given, or only a run tells its shape: %w", port.Name, runtime.ErrInput)
		}
		if t.DType() != port.DType || !shapes[i].Equal(t.Shape()) {
			return fmt.Errorf("output %q is %v, wanted %v%v: %w", port.Name, t, port.DType, shapes[i], runtime.ErrInput)
		}
	}
	return nil
}

func (b *bound) Run(ctx context.Context) error {
	b.p.mu.RLock()
	defer b.p.mu.RUnlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.run(ctx); err != nil {
		return fmt.Errorf("ort: run %q: %w", b.p.name, err)
	}
	return nil
}

func (b *bound) run(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if b.binding == nil {
		return runtime.ErrClosed
	}
	if err := b.stop.follow(ctx); err != nil {
		return err
	}
	if b.copies {
		for i, v := range b.in {
			if err := bindInput(b.binding, b.p.inNames[i], v); err != nil {
				return err
			}
		}
	}
	if err := runBound(b.p.handle, b.stop.options, b.binding); err != nil {
		if stopped := ctx.Err(); stopped != nil {
			return stopped
		}
		return err
	}
	return nil
}

func (b *bound) Close() error {
	b.p.mu.Lock()
	defer b.p.mu.Unlock()
	delete(b.p.bounds, b)
	b.release()
	return nil
}

// release frees all; nothing is in flight.
func (b *bound) release() {
	if b.binding != nil {
		releaseIOBinding(b.binding)
		b.binding = nil
	}
	if b.stop != nil {
		b.stop.close()
	}
	releaseValues(b.in)
	releaseValues(b.out)
	b.in, b.out = nil, nil
	b.pin.Unpin()
}
