package data

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/elbo-ml/elbo/tensor"
)

// LoaderOptions say which minibatches a Loader gives.
type LoaderOptions struct {
	// Batch is the number of rows of a minibatch; 0 is 100.
	Batch int
	// Seed decides the order of the rows, a new one in each epoch.
	Seed uint64
	// Ordered takes the rows as they come instead.
	Ordered bool
	// KeepLast gives the last rows of an epoch as a smaller minibatch. Without it they are left out: the next epoch's
	// order will hold them.
	KeepLast bool
	// Epochs is how often the rows are gone through; 0 is without end.
	Epochs int
	// Step is the step to start at, counted from 0 over all epochs: a resumed run goes on where it stopped.
	Step int
	// Workers read ahead in parallel; 0 is 1. The minibatches do not depend on their number.
	Workers int
}

// Batch is a minibatch. It is the caller's until the next call of Next.
type Batch struct {
	// X is [rows, row...] in float32.
	X *tensor.Tensor
	// Rows are the indices of the rows in the source.
	Rows []int
	// Step counts minibatches over all epochs, Index those of Epoch; all from 0.
	Step, Epoch, Index int
}

// Loader gives minibatches and reads ahead in the background. They are a function of source, options and step alone.
// After the first few minibatches it makes no heap allocation. Next must not be called concurrently.
type Loader struct {
	src      Source
	o        LoaderOptions
	perEpoch int
	end      int // the first step not given, or -1
	step     int
	lanes    []lane
	held     *slot
	ctx      context.Context
	cancel   context.CancelFunc
	workers  sync.WaitGroup
}

// lane is a worker's side of the loader: it prepares the steps that are equal to its number modulo the number of lanes.
type lane struct{ free, ready chan *slot }

// slot is a minibatch and the memory it owns.
type slot struct {
	Batch
	whole, part *tensor.Tensor
	rows        []int
	lane        int
	err         error
}

// slots of a lane: one with the caller, and one that is filled meanwhile.
const slots = 2

// NewLoader starts reading src. The loader stops when ctx is done; Close must be called in any case. It does not close
// src.
func NewLoader(ctx context.Context, src Source, o LoaderOptions) (*Loader, error) {
	if o.Batch == 0 {
		o.Batch = 100
	}
	o.Workers = max(o.Workers, 1)
	if o.Batch < 0 || o.Step < 0 || o.Epochs < 0 {
		return nil, fmt.Errorf("data: load: batch %d, step %d and epochs %d must not be negative", o.Batch, o.Step, o.Epochs)
	}
	if !o.KeepLast && src.Len() < o.Batch {
		return nil, fmt.Errorf("data: load: %s has fewer rows than one minibatch of %d: take a smaller one", src.Name(), o.Batch)
	}
	l := &Loader{src: src, o: o, perEpoch: StepsPerEpoch(src.Len(), o.Batch, o.KeepLast), step: o.Step, end: -1}
	if o.Epochs > 0 {
		l.end = o.Epochs * l.perEpoch
	}
	l.ctx, l.cancel = context.WithCancel(ctx)
	l.lanes = make([]lane, o.Workers)
	for i := range l.lanes {
		l.lanes[i] = lane{free: make(chan *slot, slots), ready: make(chan *slot, slots)}
		for range slots {
			l.lanes[i].free <- l.newSlot(i)
		}
		l.workers.Go(func() { l.work(i) })
	}
	return l, nil
}

// StepsPerEpoch is the number of minibatches that n rows make.
func StepsPerEpoch(n, batch int, keepLast bool) int {
	if keepLast {
		n += batch - 1
	}
	return n / batch
}

func (l *Loader) newSlot(lane int) *slot {
	batch := min(l.o.Batch, l.src.Len())
	s := &slot{lane: lane, rows: make([]int, batch)}
	s.whole = tensor.New(tensor.Float32, append([]int{batch}, l.src.Shape()...)...)
	s.part = s.whole.Rows(0, l.src.Len()%l.o.Batch)
	return s
}

// StepsPerEpoch is the number of minibatches of an epoch.
func (l *Loader) StepsPerEpoch() int { return l.perEpoch }

// Next gives the next minibatch and takes the previous one back. After the last it returns io.EOF.
func (l *Loader) Next(ctx context.Context) (*Batch, error) {
	if l.held != nil {
		if l.held.err != nil {
			return nil, l.held.err
		}
		l.lanes[l.held.lane].free <- l.held
		l.held = nil
	}
	if l.end >= 0 && l.step >= l.end {
		return nil, io.EOF
	}
	select {
	case s := <-l.lanes[l.step%len(l.lanes)].ready:
		l.held = s
		if s.err != nil {
			return nil, s.err
		}
		l.step++
		return &s.Batch, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.ctx.Done():
		return nil, l.ctx.Err()
	}
}

// Close stops reading ahead and waits until the source is no longer in use. It may be called twice.
func (l *Loader) Close() error {
	l.cancel()
	l.workers.Wait()
	return nil
}

func (l *Loader) work(id int) {
	first := l.o.Step + ((id-l.o.Step)%len(l.lanes)+len(l.lanes))%len(l.lanes)
	order := orders{n: l.src.Len(), seed: l.o.Seed}
	for step := first; l.end < 0 || step < l.end; step += len(l.lanes) {
		var s *slot
		select {
		case s = <-l.lanes[id].free:
		case <-l.ctx.Done():
			return
		}
		s.Step, s.Epoch, s.Index = step, step/l.perEpoch, step%l.perEpoch
		s.err = l.fill(s, &order)
		l.lanes[id].ready <- s // has room for every slot
		if s.err != nil {
			return
		}
	}
}

func (l *Loader) fill(s *slot, order *orders) error {
	first := s.Index * l.o.Batch
	s.X, s.Rows = s.whole, s.rows[:min(l.o.Batch, l.src.Len()-first)]
	if len(s.Rows) < len(s.rows) {
		s.X = s.part
	}
	for i := range s.Rows {
		s.Rows[i] = first + i
		if !l.o.Ordered {
			s.Rows[i] = order.of(s.Epoch).At(first + i)
		}
	}
	dst := tensor.Data[float32](s.X)
	if e, ok := l.src.(EpochSource); ok {
		return e.ReadEpoch(l.ctx, uint64(s.Epoch), s.Rows, dst)
	}
	return l.src.Read(l.ctx, s.Rows, dst)
}

// orders holds the order of the epoch in progress.
type orders struct {
	n     int
	seed  uint64
	epoch int
	made  bool
	Permutation
}

func (o *orders) of(epoch int) *Permutation {
	if !o.made || o.epoch != epoch {
		o.Permutation, o.epoch, o.made = NewPermutation(o.n, o.seed, uint64(epoch)), epoch, true
	}
	return &o.Permutation
}
