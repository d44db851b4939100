//go:build cgo

package ort

import (
	"cmp"
	"context"
	"fmt"
	goruntime "runtime"
	"slices"
	"sync"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// Apart compiles a graph of one node with o and asks where its input is to be: what auto comes to, and what a library
// of somebody's own does, shows only there.
func (e *engine) Apart(o runtime.Options) (bool, error) {
	o.Provider = cmp.Or(o.Provider, "cpu")
	if o.Provider == "cpu" {
		return false, nil
	}
	p, err := e.compile(doubling(), o)
	if err != nil {
		return false, fmt.Errorf("ort: %w", err)
	}
	defer p.Close()
	where, err := inputMemories(p.handle, 1)
	return err == nil && onDevice(where[0]), err
}

// CompileLoop is Compile for runs that feed on each other; the state is where the provider computes.
func (e *engine) CompileLoop(g *graph.Graph, carry []runtime.Carry, o runtime.Options) (runtime.Loop, error) {
	o.Provider = cmp.Or(o.Provider, "cpu")
	p, err := e.compile(g, o)
	if err != nil {
		return nil, fmt.Errorf("ort: compile %q: %w", g.Name, err)
	}
	if !p.bindable {
		p.Close()
		return nil, fmt.Errorf("ort: compile %q: a loop takes tensors of known rank, and neither strings nor what is packed: %w", g.Name, graph.ErrUnsupported)
	}
	l := &loop{p: p, carry: carry, carriedIn: map[int]bool{}, carriedOut: map[int]bool{}}
	if err := l.open(); err != nil {
		l.Close()
		return nil, fmt.Errorf("ort: compile %q: %w", g.Name, err)
	}
	return l, nil
}

// loop is a session and two sets of values for its state. sides[i] reads set i and writes the other: the runs go from
// side to side, and nothing of the state is bound or copied between them.
type loop struct {
	p                     *program
	carry                 []runtime.Carry
	carriedIn, carriedOut map[int]bool
	where                 []memory // of each carried input

	mu         sync.Mutex
	allocators []allocator
	stop       *stopper
	sides      [2]side
	now        int  // the set that is the state
	back       bool // whether the other set is the state before it
	carried    int64
	closed     bool
}

// side is one direction of the ping-pong: a binding that reads the side's own state and writes the other side's.
type side struct {
	state   []value // one for each Carry
	binding ioBinding
	pin     goruntime.Pinner // of the tensors of its last run, which the binding still refers to
	fed     []value          // values over them
}

func (l *loop) open() (err error) {
	for _, c := range l.carry {
		if err := l.checkCarry(c); err != nil {
			return err
		}
		l.carriedIn[c.In], l.carriedOut[c.Out] = true, true
	}
	if l.stop, err = newStopper(); err != nil {
		return err
	}
	memories, err := inputMemories(l.p.handle, len(l.p.inNames))
	if err != nil {
		return err
	}
	for _, c := range l.carry {
		l.where = append(l.where, memories[c.In])
	}
	if err := l.allocate(); err != nil {
		return err
	}
	for i := range l.sides {
		s, other := &l.sides[i], &l.sides[1-i]
		if s.binding, err = newIOBinding(l.p.handle); err != nil {
			return err
		}
		for k, c := range l.carry {
			if err := bindInput(s.binding, l.p.inNames[c.In], s.state[k]); err != nil {
				return err
			}
			if err := bindOutput(s.binding, l.p.outNames[c.Out], other.state[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *loop) checkCarry(c runtime.Carry) error {
	if c.In < 0 || c.In >= len(l.p.inputs) || c.Out < 0 || c.Out >= len(l.p.outputs) || l.carriedIn[c.In] || l.carriedOut[c.Out] {
		return fmt.Errorf("output %d cannot be carried to input %d: no such port, or carried already: %w", c.Out, c.In, runtime.ErrInput)
	}
	in, out := l.p.inputs[c.In], l.p.outputs[c.Out]
	if _, known := in.Shape.Known(); !known || in.DType != out.DType || !in.Shape.Equal(out.Shape) {
		return fmt.Errorf("output %q, %v%v, cannot be carried to input %q, %v%v: %w", out.Name, out.DType, out.Shape, in.Name, in.DType, in.Shape, runtime.ErrInput)
	}
	return nil
}

// allocate makes both sets, each value where the session wants the input.
func (l *loop) allocate() error {
	made := map[memory]allocator{}
	for k, c := range l.carry {
		a := made[l.where[k]]
		if a == nil {
			var err error
			if a, err = newAllocator(l.p.handle, l.where[k]); err != nil {
				return err
			}
			made[l.where[k]] = a
			l.allocators = append(l.allocators, a)
		}
		port := l.p.inputs[c.In]
		shape, _ := port.Shape.Known()
		for i := range l.sides {
			v, err := newValue(a, port.DType, shape)
			if err != nil {
				return err
			}
			l.sides[i].state = append(l.sides[i].state, v)
		}
	}
	return nil
}

func (l *loop) Run(ctx context.Context, in, out []*tensor.Tensor) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.run(ctx, in, out); err != nil {
		return fmt.Errorf("ort: run %q: %w", l.p.name, err)
	}
	l.now, l.back = 1-l.now, true
	return nil
}

func (l *loop) run(ctx context.Context, in, out []*tensor.Tensor) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if l.closed {
		return runtime.ErrClosed
	}
	if len(in) != len(l.p.inputs) || len(out) != len(l.p.outputs) {
		return fmt.Errorf("%d inputs and %d outputs given, %d and %d wanted: %w", len(in), len(out), len(l.p.inputs), len(l.p.outputs), runtime.ErrInput)
	}
	if err := l.stop.follow(ctx); err != nil {
		return err
	}
	s := &l.sides[l.now]
	s.forget()
	for i, t := range in {
		if err := l.feed(s, bindInput, l.p.inNames[i], l.p.inputs[i], l.carriedIn[i], t); err != nil {
			return err
		}
	}
	for i, t := range out {
		if err := l.feed(s, bindOutput, l.p.outNames[i], l.p.outputs[i], l.carriedOut[i], t); err != nil {
			return err
		}
	}
	l.back = false // the other set is being written
	if err := runBound(l.p.handle, l.stop.options, s.binding); err != nil {
		return cmp.Or(ctx.Err(), err)
	}
	return nil
}

// feed binds a tensor to a port that is not carried.
func (l *loop) feed(s *side, bind func(ioBinding, portName, value) error, name portName, port runtime.Port, carried bool, t *tensor.Tensor) error {
	if carried {
		if t != nil {
			return fmt.Errorf("%q is carried, but given: %w", port.Name, runtime.ErrInput)
		}
		return nil
	}
	if t == nil || t.DType() != port.DType || !fits(t.Shape(), port.Shape) {
		return fmt.Errorf("%q is %v, wanted %v%v: %w", port.Name, t, port.DType, port.Shape, runtime.ErrInput)
	}
	v, err := overTensor(t, &s.pin)
	if err != nil {
		return err
	}
	s.fed = append(s.fed, v)
	return bind(s.binding, name, v)
}

// forget lets go of the tensors of the last run.
func (s *side) forget() {
	releaseValues(s.fed)
	s.fed = s.fed[:0]
	s.pin.Unpin()
}

func (l *loop) Undo() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.back {
		return fmt.Errorf("ort: undo a run of %q: there is no state from before it", l.p.name)
	}
	l.now, l.back = 1-l.now, false
	return nil
}

func (l *loop) Put(state []*tensor.Tensor) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.back = false
	return l.transfer("put", state, copyIn)
}

func (l *loop) Get(state []*tensor.Tensor) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.transfer("get", state, copyOut)
}

func (l *loop) transfer(what string, state []*tensor.Tensor, transfer func(value, memory, *tensor.Tensor) error) error {
	if l.closed {
		return fmt.Errorf("ort: %s the state of %q: %w", what, l.p.name, runtime.ErrClosed)
	}
	if len(state) != len(l.carry) {
		return fmt.Errorf("ort: %s the state of %q: %d tensors given, %d wanted: %w", what, l.p.name, len(state), len(l.carry), runtime.ErrInput)
	}
	for k, t := range state {
		port := l.p.inputs[l.carry[k].In]
		if t == nil || t.DType() != port.DType || !fits(t.Shape(), port.Shape) {
			return fmt.Errorf("ort: %s the state of %q: %q is %v, wanted %v%v: %w", what, l.p.name, port.Name, t, port.DType, port.Shape, runtime.ErrInput)
		}
	}
	for k, t := range state {
		if err := transfer(l.sides[l.now].state[k], l.where[k], t); err != nil {
			return fmt.Errorf("ort: %s the state of %q: %q: %w", what, l.p.name, l.p.inputs[l.carry[k].In].Name, err)
		}
		l.carried += int64(len(t.Bytes()))
	}
	return nil
}

func (l *loop) Carried() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.carried
}

// Close frees bindings, values, allocators and session, each before what it came from.
func (l *loop) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	for i := range l.sides {
		s := &l.sides[i]
		if s.binding != nil {
			releaseIOBinding(s.binding)
		}
		s.forget()
		releaseValues(s.state)
	}
	for _, a := range slices.Backward(l.allocators) {
		releaseAllocator(a)
	}
	if l.stop != nil {
		l.stop.close()
	}
	return l.p.Close()
}
