package native

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native/kernel"
	"github.com/elbo-ml/elbo/runtime/native/pool"
	"github.com/elbo-ml/elbo/tensor"
)

// maxPlans bounds the sets of input shapes a program keeps plans for; the one used longest ago goes first.
const maxPlans = 8

// program is a compiled graph with its plans.
type program struct {
	graph   *graph.Graph
	in, out []runtime.Port
	cores   kernel.Cores
	ownPool bool
	plain   bool
	weights kernel.Weights

	// byNode tells that shapes within the graph depend on the data, so that there can be no plan; see interpret.
	byNode atomic.Bool
	lists  bool                      // it has sequences, optionals or strings
	bodies map[*graph.Graph]*program // of the nodes that have such

	planning sync.Mutex // held while a plan is made, so that each is made once

	mu      sync.Mutex
	plans   []*plan // the one used last comes last
	running int
	closed  bool
	idle    sync.Cond // running has become 0
}

func (p *program) Inputs() []runtime.Port { return p.in }

func (p *program) Outputs() []runtime.Port { return p.out }

// Run computes the outputs; see runtime.Program.
func (p *program) Run(ctx context.Context, in, out []*tensor.Tensor) error {
	if err := p.enter(); err != nil {
		return err
	}
	defer p.leave()
	if err := p.checkInputs(in); err != nil {
		return err
	}
	if len(out) != len(p.out) {
		return fmt.Errorf("native: run: %d outputs given, the program has %d: %w", len(out), len(p.out), runtime.ErrInput)
	}
	return p.run(ctx, in, out)
}

// run is Run on inputs that have been checked.
func (p *program) run(ctx context.Context, in, out []*tensor.Tensor) error {
	if p.byNode.Load() {
		return p.runByNode(ctx, in, out)
	}
	pl, err := p.planFor(in)
	if errors.Is(err, errData) {
		p.byNode.Store(true)
		return p.runByNode(ctx, in, out)
	}
	if err != nil {
		return err
	}
	if err := p.prepareOutputs(pl.graph.Outputs, pl.outputs, out); err != nil {
		return err
	}
	w, err := pl.acquire()
	if err != nil {
		return err
	}
	defer pl.giveBack(w)
	if pool.Begin(ctx) {
		defer pool.End()
	}
	if w.mustRunApart(in, out) {
		return w.runApart(ctx, in, out)
	}
	return w.run(ctx, in, out)
}

// RunValues computes the outputs; see runtime.ValueProgram.
func (p *program) RunValues(ctx context.Context, in []tensor.Value) ([]tensor.Value, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	if err := p.checkValues(in); err != nil {
		return nil, err
	}
	if p.byNode.Load() {
		return p.interpret(ctx, in)
	}
	tensors, out := make([]*tensor.Tensor, len(in)), make([]*tensor.Tensor, len(p.out))
	for i, v := range in {
		tensors[i] = v.Tensor
	}
	if err := p.run(ctx, tensors, out); err != nil {
		return nil, err
	}
	values := make([]tensor.Value, len(out))
	for i, t := range out {
		values[i] = tensor.ValueOf(t)
	}
	return values, nil
}

// Close frees the program; see runtime.Program.
func (p *program) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	first := !p.closed
	p.closed = true
	for p.running > 0 {
		p.idle.Wait()
	}
	p.plans = nil
	if first && p.ownPool {
		p.cores.Pool.Close()
	}
	return nil
}

func (p *program) enter() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return fmt.Errorf("native: run: the program is %w", runtime.ErrClosed)
	}
	p.running++
	return nil
}

func (p *program) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running--; p.running == 0 {
		p.idle.Broadcast()
	}
}

// planFor is the plan for the inputs' shapes, made now if there is none.
func (p *program) planFor(in []*tensor.Tensor) (*plan, error) {
	if pl := p.find(in); pl != nil {
		return pl, nil
	}
	p.planning.Lock()
	defer p.planning.Unlock()
	if pl := p.find(in); pl != nil {
		return pl, nil
	}
	if err := p.checkSymbols(in); err != nil {
		return nil, err
	}
	shapes := make([]tensor.Shape, len(in))
	for i, t := range in {
		shapes[i] = t.Shape()
	}
	pl, err := newPlan(p.graph, shapes, p.cores, &p.weights, p.plain)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.plans) == maxPlans {
		p.plans = slices.Delete(p.plans, 0, 1)
	}
	p.plans = append(p.plans, pl)
	return pl, nil
}

// find is the plan for the inputs' shapes, or nil, and moves it to the end of the list.
func (p *program) find(in []*tensor.Tensor) *plan {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, pl := range p.plans {
		if pl.fits(in) {
			copy(p.plans[i:], p.plans[i+1:])
			p.plans[len(p.plans)-1] = pl
			return pl
		}
	}
	return nil
}

func (p *plan) fits(in []*tensor.Tensor) bool {
	for i, shape := range p.shapes {
		if !shape.Equal(in[i].Shape()) {
			return false
		}
	}
	return true
}

// acquire is a workspace at rest, or a new one.
func (p *plan) acquire() (*workspace, error) {
	p.mu.Lock()
	if n := len(p.free); n > 0 {
		w := p.free[n-1]
		p.free = p.free[:n-1]
		p.mu.Unlock()
		return w, nil
	}
	p.mu.Unlock()
	return newWorkspace(p)
}

// giveBack keeps w for another run, unless more are at rest than the machine could use at once.
func (p *plan) giveBack(w *workspace) {
	w.release()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) < 2*goruntime.GOMAXPROCS(0) {
		p.free = append(p.free, w)
	}
}
