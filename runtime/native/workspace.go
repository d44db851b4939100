package native

import (
	"context"
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/kernel"
	"github.com/elbo-ml/elbo/runtime/native/tile"
	"github.com/elbo-ml/elbo/tensor"
)

// workspace is the memory and the bound kernels of one run at a time.
type workspace struct {
	plan  *plan
	arena []byte
	tasks []kernel.Task
	// inputs and outputs are the buffers to be bound to the caller's tensors before a run, by position.
	inputs, outputs [][]*kernel.Buf
	regions         []region // scratch of mustRunApart
}

func newWorkspace(p *plan) (*workspace, error) {
	w := &workspace{
		plan:    p,
		arena:   tensor.New(tensor.Uint8, p.arena).Bytes(),
		inputs:  make([][]*kernel.Buf, len(p.graph.Inputs)),
		outputs: make([][]*kernel.Buf, len(p.graph.Outputs)),
		regions: make([]region, 0, len(p.graph.Inputs)+len(p.graph.Outputs)),
	}
	b := binder{w: w, bufs: map[*graph.Value]*kernel.Buf{}}
	var scratch tile.Scratch
	for _, s := range p.steps {
		task, err := b.bind(s, &scratch)
		if err != nil {
			return nil, err
		}
		w.tasks = append(w.tasks, task)
	}
	scratch.Reserve(p.cores.Count())
	return w, nil
}

// bind makes the task of a step.
func (b *binder) bind(s *step, scratch *tile.Scratch) (kernel.Task, error) {
	var bound *tile.Bound
	if s.chain != nil {
		bound = s.chain.Bind(b.w.plan.cores, scratch, b.all(s.operands), b.all(s.results))
	}
	n := s.kernel
	if n == nil {
		return bound.Run, nil
	}
	call := &kernel.Call{Node: n, Cores: b.w.plan.cores, Weights: b.w.plan.weights, In: b.all(n.Inputs), Out: b.all(n.Outputs)}
	if bound != nil {
		call.Epilogue = bound
	}
	task, err := kernel.Lookup(n.Op).Bind(call)
	if err != nil {
		return nil, fmt.Errorf("native: plan: %s (node %q): %w", n.Op, n.Name, err)
	}
	return task, nil
}

func (b *binder) all(values []*graph.Value) []*kernel.Buf {
	out := make([]*kernel.Buf, len(values))
	for i, v := range values {
		out[i] = b.buf(v)
	}
	return out
}

// binder makes one buffer for each value and remembers which are to be bound before a run.
type binder struct {
	w    *workspace
	bufs map[*graph.Value]*kernel.Buf
}

func (b *binder) buf(v *graph.Value) *kernel.Buf {
	if v == nil {
		return nil
	}
	if buf := b.bufs[v]; buf != nil {
		return buf
	}
	dims, _ := v.Shape.Known()
	buf := kernel.NewBuf(v.DType, dims)
	b.bufs[v] = buf
	switch st := b.w.plan.places[v]; st.kind {
	case inArena:
		buf.Use(b.w.arena[st.span.offset:])
	case inConstant:
		buf.Use(st.data.Bytes())
	case inInput:
		b.w.inputs[st.index] = append(b.w.inputs[st.index], buf)
	case inOutput:
		b.w.outputs[st.index] = append(b.w.outputs[st.index], buf)
	}
	return buf
}

// run computes out from in, whose types and shapes have been checked.
func (w *workspace) run(ctx context.Context, in, out []*tensor.Tensor) error {
	for i, bufs := range w.inputs {
		for _, b := range bufs {
			b.Use(in[i].Bytes())
		}
	}
	for i, bufs := range w.outputs {
		for _, b := range bufs {
			b.Use(out[i].Bytes())
		}
	}
	r := w.plan.record(ctx)
	defer r.end()
	for i, task := range w.tasks {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("native: run: %w", err)
		}
		span := r.step(i)
		err := task()
		span.End()
		if err != nil {
			n := w.plan.steps[i].nodes[0]
			return fmt.Errorf("native: run: %s (node %q): %w", n.Op, n.Name, err)
		}
	}
	for i, v := range w.plan.graph.Outputs {
		if w.plan.direct[i] == nil {
			copy(out[i].Bytes(), w.memory(v, in, out))
		}
	}
	return nil
}

// memory is where v's elements are after a run.
func (w *workspace) memory(v *graph.Value, in, out []*tensor.Tensor) []byte {
	switch st := w.plan.places[v]; st.kind {
	case inConstant:
		return st.data.Bytes()
	case inInput:
		return in[st.index].Bytes()
	case inOutput:
		return out[st.index].Bytes()
	default:
		return w.arena[st.span.offset:]
	}
}

// release forgets the caller's tensors, so that a workspace at rest keeps none of them alive.
func (w *workspace) release() {
	for _, bufs := range w.inputs {
		for _, b := range bufs {
			b.Use(nil)
		}
	}
	for _, bufs := range w.outputs {
		for _, b := range bufs {
			b.Use(nil)
		}
	}
}
