//go:build cgo

package ort

import (
	"context"
	"fmt"
	"sync"

	ortgo "github.com/yalue/onnxruntime_go"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/profile"
	"github.com/elbo-ml/elbo/tensor"
)

// program is one ONNX Runtime session. Its Run binds the caller's tensors themselves, in and out, so that on the CPU
// nothing is copied; where some are not bindable, and where elbo knows the ports of a file alone, ONNX Runtime allocates
// the outputs, which are then copied.
type program struct {
	name            string
	plain           bool // Config.Plain
	inputs, outputs []runtime.Port
	bindable        bool // all ports are
	provider        string
	shapes          *shapes // of what is bindable
	work            profile.Work

	mu      sync.RWMutex // held for reading by every run in flight
	session *ortgo.DynamicAdvancedSession
	// For what onnxruntime_go leaves out: the session as the C API knows it, the names of its ports, and the bindings that are open.
	handle            handle
	inNames, outNames []portName
	bounds            map[*bound]bool
}

func (p *program) Inputs() []runtime.Port  { return p.inputs }
func (p *program) Outputs() []runtime.Port { return p.outputs }

// Provider is the execution provider that the program runs on: what auto chose.
func (p *program) Provider() string { return p.provider }

// open makes the session; inputs and outputs are the names of its ports, or nil where they are not known yet.
func (p *program) open(model []byte, inputs, outputs []string, o runtime.Options) error {
	try := []string{o.Provider}
	if o.Provider == "auto" {
		try = automatic()
	}
	var err error
	for _, o.Provider = range try {
		if err = p.openOn(model, inputs, outputs, o); err == nil {
			return nil
		}
	}
	return err
}

func (p *program) openOn(model []byte, inputs, outputs []string, o runtime.Options) error {
	options, err := sessionOptions(o, p.plain)
	if err != nil {
		return fmt.Errorf("provider %s: %s: %w", o.Provider, oneLine(err), runtime.ErrUnavailable)
	}
	defer options.Destroy()
	session, err := ortgo.NewDynamicAdvancedSessionWithONNXData(model, inputs, outputs, options)
	if err != nil {
		return fmt.Errorf("provider %s: %w", o.Provider, failure(err))
	}
	if p.handle, err = handleOf(session); err != nil {
		session.Destroy()
		return err
	}
	hold(1)
	p.session, p.provider = session, o.Provider
	p.inNames, p.outNames, p.bounds = portNames(inputs), portNames(outputs), map[*bound]bool{}
	return nil
}

func (p *program) Run(ctx context.Context, in, out []*tensor.Tensor) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if err := p.ready(ctx); err != nil {
		return p.failed(err)
	}
	r := profile.From(ctx)
	lane := r.Enter()
	defer r.Leave(lane)
	defer r.Begin(lane, &p.work).End()
	if p.bindable {
		return p.failed(p.run(ctx, in, out))
	}
	return p.failed(p.runCopied(ctx, in, out))
}

// RunValues computes the outputs; see runtime.ValueProgram.
func (p *program) RunValues(ctx context.Context, in []tensor.Value) ([]tensor.Value, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if err := p.ready(ctx); err != nil {
		return nil, p.failed(err)
	}
	r := profile.From(ctx)
	lane := r.Enter()
	defer r.Leave(lane)
	defer r.Begin(lane, &p.work).End()
	out, err := p.values(ctx, in)
	return out, p.failed(err)
}

// ready says why no run can begin. The caller holds mu.
func (p *program) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if p.session == nil {
		return runtime.ErrClosed
	}
	return nil
}

func (p *program) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("ort: run %q: %w", p.name, err)
}

func (p *program) checkInputs(in []*tensor.Tensor) error {
	if len(in) != len(p.inputs) {
		return fmt.Errorf("%d inputs given, %d wanted: %w", len(in), len(p.inputs), runtime.ErrInput)
	}
	for i, t := range in {
		if err := checkInput(p.inputs[i], t); err != nil {
			return err
		}
	}
	return nil
}

func checkInput(port runtime.Port, t *tensor.Tensor) error {
	if t == nil {
		return fmt.Errorf("input %q is nil: %w", port.Name, runtime.ErrInput)
	}
	if t.DType() != port.DType || !fits(t.Shape(), port.Shape) {
		return fmt.Errorf("input %q is %v, wanted %v%v: %w", port.Name, t, port.DType, port.Shape, runtime.ErrInput)
	}
	return nil
}

// fits reports whether a concrete shape agrees with a port's rank and known extents.
func fits(shape tensor.Shape, port graph.Shape) bool {
	if port == nil {
		return true
	}
	if len(shape) != len(port) {
		return false
	}
	for i, d := range port {
		if n, ok := d.Known(); ok && n != shape[i] {
			return false
		}
	}
	return true
}

// Close waits for the runs in flight and frees the session.
func (p *program) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.session == nil {
		return nil
	}
	for b := range p.bounds {
		b.release()
	}
	freePortNames(p.inNames)
	freePortNames(p.outNames)
	err := p.session.Destroy()
	p.session, p.bounds, p.handle = nil, nil, nil
	hold(-1)
	if err != nil {
		return fmt.Errorf("ort: close %q: %s", p.name, oneLine(err))
	}
	return nil
}
