//go:build cgo

package ort

import (
	"context"
	"errors"
	"fmt"
	"sync"

	ortgo "github.com/yalue/onnxruntime_go"

	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// workspace is what one run borrows.
type workspace struct {
	inSlots, outSlots []slot
	in, out           []ortgo.Value
	options           *ortgo.RunOptions // made when a run first has a context that can end
}

// workspaces are the idle ones, of which at most maxIdle are kept.
type workspaces struct {
	mu   sync.Mutex
	idle []*workspace
}

const maxIdle = 16

func (ws *workspaces) get(inputs, outputs int) *workspace {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if n := len(ws.idle); n > 0 {
		w := ws.idle[n-1]
		ws.idle = ws.idle[:n-1]
		return w
	}
	return &workspace{
		inSlots: make([]slot, inputs), outSlots: make([]slot, outputs),
		in: make([]ortgo.Value, inputs), out: make([]ortgo.Value, outputs),
	}
}

func (ws *workspaces) put(w *workspace) {
	for i := range w.inSlots {
		w.inSlots[i].release()
	}
	for i := range w.outSlots {
		w.outSlots[i].release()
	}
	clear(w.in)
	clear(w.out)
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if len(ws.idle) == maxIdle {
		w.destroy()
		return
	}
	ws.idle = append(ws.idle, w)
}

func (ws *workspaces) destroy() {
	for _, w := range ws.idle {
		w.destroy()
	}
	ws.idle = nil
}

func (w *workspace) destroy() {
	for i := range w.inSlots {
		w.inSlots[i].destroy()
	}
	for i := range w.outSlots {
		w.outSlots[i].destroy()
	}
	if w.options != nil {
		w.options.Destroy()
		w.options = nil
	}
}

func (p *program) run(ctx context.Context, in, out []*tensor.Tensor) error {
	w := p.workspaces.get(len(p.inputs), len(p.outputs))
	defer p.workspaces.put(w)
	for i, t := range in {
		v, err := w.inSlots[i].bind(t)
		if err != nil {
			return fmt.Errorf("input %q: %w", p.inputs[i].Name, err)
		}
		w.in[i] = v
	}
	fresh, err := p.bindOutputs(w, in, out)
	if err != nil {
		return err
	}
	if err := p.call(ctx, w); err != nil {
		return err
	}
	for i, t := range fresh {
		if out[i] != nil {
			continue
		}
		if t == nil {
			v := w.out[i]
			defer v.Destroy()
			if t, err = adopt(v); err != nil {
				return fmt.Errorf("output %q: %w", p.outputs[i].Name, err)
			}
		}
		out[i] = t
	}
	return nil
}

// bindOutputs binds the caller's tensors, and new ones where out has none and the shape is known beforehand. The new
// ones go to out only when the run has succeeded.
func (p *program) bindOutputs(w *workspace, in, out []*tensor.Tensor) ([]*tensor.Tensor, error) {
	if len(out) != len(p.outputs) {
		return nil, fmt.Errorf("%d outputs given, %d wanted: %w", len(out), len(p.outputs), runtime.ErrInput)
	}
	shapes := p.shapes.of(in)
	var fresh []*tensor.Tensor
	for i, port := range p.outputs {
		t := out[i]
		switch {
		case t == nil:
			if fresh == nil {
				fresh = make([]*tensor.Tensor, len(out))
			}
			if shapes[i] == nil {
				continue // ONNX Runtime allocates it
			}
			t = tensor.New(port.DType, shapes[i]...)
			fresh[i] = t
		case t.DType() != port.DType || shapes[i] != nil && !shapes[i].Equal(t.Shape()):
			return nil, fmt.Errorf("output %q is %v, wanted %v%v: %w", port.Name, t, port.DType, shapes[i], runtime.ErrInput)
		}
		v, err := w.outSlots[i].bind(t)
		if err != nil {
			return nil, fmt.Errorf("output %q: %w", port.Name, err)
		}
		w.out[i] = v
	}
	return fresh, nil
}

// call runs the session. A context that ends makes ONNX Runtime stop before its next node.
func (p *program) call(ctx context.Context, w *workspace) error {
	if ctx.Done() == nil {
		return p.failure(p.session.Run(w.in, w.out))
	}
	if w.options == nil {
		o, err := ortgo.NewRunOptions()
		if err != nil {
			return errors.New(oneLine(err))
		}
		w.options = o
	}
	terminated := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(terminated)
		w.options.Terminate()
	})
	err := p.session.RunWithOptions(w.in, w.out, w.options)
	if stop() {
		return p.failure(err)
	}
	// The flag is shared with the next run of this workspace: wait until it has been set, then take it back.
	<-terminated
	w.options.UnsetTerminate()
	if err != nil {
		return ctx.Err()
	}
	return nil
}

func (p *program) failure(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(oneLine(err))
}
