package runtime

import (
	"context"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// Binder is a program that can be told once which tensors its runs read and write.
type Binder interface {
	// Bind returns a run over these very tensors. in and out are as in Program.Run, but no entry may be nil. The tensors
	// are kept until the run is closed; closing the program closes it too.
	Bind(in, out []*tensor.Tensor) (Bound, error)
}

// Bound is a run that reads the same tensors and writes the same tensors each time, as they are when it is called.
type Bound interface {
	// Run computes the outputs. Runs of one Bound wait for each other; after the first, none makes a heap allocation.
	Run(ctx context.Context) error
	// Close lets go of the tensors. It may be called twice and waits for the run in flight.
	Close() error
}

// Bind binds p to tensors: by its own Bind where it is a Binder, and else by handing them to each Run.
func Bind(p Program, in, out []*tensor.Tensor) (Bound, error) {
	if b, ok := p.(Binder); ok {
		return b.Bind(in, out)
	}
	return Each(p, in, out), nil
}

// Each is the run that hands the tensors to every Run of p.
func Each(p Program, in, out []*tensor.Tensor) Bound { return &each{p, in, out} }

type each struct {
	p       Program
	in, out []*tensor.Tensor
}

func (b *each) Run(ctx context.Context) error { return b.p.Run(ctx, b.in, b.out) }
func (b *each) Close() error                  { return nil }

// Looper is an engine whose programs can keep tensors in the memory of their device from one run to the next.
type Looper interface {
	Engine
	// Apart reports whether a program with these options computes in memory that the processor does not address, so
	// that every tensor that goes in or out of a run is copied.
	Apart(o Options) (bool, error)
	// CompileLoop plans g for runs that feed on each other: what carry names stays on the device. The shapes of the
	// carried ports must be known, and those of an input and its output equal.
	CompileLoop(g *graph.Graph, carry []Carry, o Options) (Loop, error)
}

// Carry says that output Out of one run is input In of the next. Both are indices into the graph's ports.
type Carry struct{ In, Out int }

// Loop is a program with a state: the tensors that it carries from run to run. It holds them twice, so that a run reads
// one set and writes the other, and the state before a run outlives it. Calls wait for each other.
type Loop interface {
	// Put copies tensors, one for each Carry, to the device in place of the state.
	Put(state []*tensor.Tensor) error
	// Run computes one step. in and out are in the graph's order, nil at carried ports; every other entry is given.
	// A run that fails leaves the state as it was.
	Run(ctx context.Context, in, out []*tensor.Tensor) error
	// Undo goes back to the state from before the last run. It fails when there is none: after Put, or a second time.
	Undo() error
	// Get copies the state from the device.
	Get(state []*tensor.Tensor) error
	// Carried is the number of bytes that Put and Get have copied: runs copy none of the state.
	Carried() int64
	// Close frees the program and its state. It may be called twice and waits for the run in flight.
	Close() error
}
