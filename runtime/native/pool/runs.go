package pool

import (
	"context"
	"runtime"
	"sync/atomic"
)

// machine counts what the process's goroutines are doing with its cores, over all pools.
var machine struct {
	procs    atomic.Int32 // GOMAXPROCS when last looked up
	runs     atomic.Int32 // in flight
	working  atomic.Int32 // workers at work
	spinning atomic.Int32 // workers that look out for work
}

type held struct{}

// Begin tells that a run of many calls begins; it and the others in flight share the cores until its End. It is false,
// and there is to be no End, when ctx is part of a run already.
func Begin(ctx context.Context) bool {
	if ctx.Value(held{}) != nil {
		return false
	}
	machine.procs.Store(int32(runtime.GOMAXPROCS(0)))
	machine.runs.Add(1)
	return true
}

// End tells that a run that began is over.
func End() { machine.runs.Add(-1) }

// Hold makes everything that is done with the context it returns, one after the other, a single run, which begins now
// and is over when end is called: a training, of which each step runs a program and an optimiser.
func Hold(ctx context.Context) (run context.Context, end func()) {
	if !Begin(ctx) {
		return ctx, func() {}
	}
	return context.WithValue(ctx, held{}, true), End
}

// Aside calls f outside of the run that ctx belongs to: while f lasts, the run's share of the cores is for others.
func Aside(ctx context.Context, f func()) {
	if ctx.Value(held{}) != nil {
		machine.runs.Add(-1)
		defer machine.runs.Add(1)
	}
	f()
}

// procs is GOMAXPROCS. Asking for it takes the scheduler's lock, so a run does that once.
func procs() int {
	if machine.runs.Load() == 0 {
		machine.procs.Store(int32(runtime.GOMAXPROCS(0)))
	}
	return int(machine.procs.Load())
}

// share is how many of so many goroutines a call may use while others are in flight.
func share(threads int) int {
	runs := int(machine.runs.Load())
	if runs <= 1 {
		return threads
	}
	return min(threads, (procs()-1)/runs+1)
}

// enlist counts a worker as working, unless the runs in flight leave no core for it. A run that is alone may use more
// goroutines than there are cores, if it was told to.
func enlist() bool {
	machine.working.Add(1)
	if crowded() {
		machine.working.Add(-1)
		return false
	}
	return true
}

// crowded reports whether several runs and the workers of all of them are more than the cores.
func crowded() bool {
	runs := machine.runs.Load()
	return runs > 1 && runs+machine.working.Load() > machine.procs.Load()
}

// workerMaySpin reports whether there is something in flight to look out for and a core to do that on.
func workerMaySpin() bool {
	runs := machine.runs.Load()
	return runs > 0 && runs+machine.working.Load()+machine.spinning.Load() <= machine.procs.Load()
}

// callerMaySpin reports whether those at work have a core each and the waiting caller another.
func callerMaySpin() bool {
	return max(machine.runs.Load(), 1)+machine.working.Load() <= machine.procs.Load()
}
