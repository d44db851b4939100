// Package pool runs ranges of work on a fixed set of goroutines.
//
// A program runs many short pieces of work, one after the other, and to wake a sleeping goroutine for each would take
// longer than many of them. So a worker that has nothing to do looks out for the next piece for a moment, and sleeps only
// then; but it looks out only while a run is in flight (see Begin) and there is a core for it that no run has a use for.
// A server with idle models costs nothing, and neither does a process with one core.
//
// Runs share the cores: of R runs in flight each uses the Rth part of GOMAXPROCS goroutines, rounded up, and all of them
// together no more than GOMAXPROCS, or one each. Work in progress when another run begins gives its surplus goroutines up
// at the next chunk. Go keeps GOMAXPROCS within the process's affinity mask and the cgroup's quota, also as they change,
// and the shared pool follows it.
//
// A call allocates nothing after warm-up. The caller works too, and waits only for chunks that somebody is already
// working on, so calls may be nested and concurrent without deadlock.
package pool

import (
	"sync"
	"sync/atomic"
)

//go:generate go run ./gen -out pause_amd64.s -stubs pause_amd64.go -pkg pool

// Job is work on the integers of a range. Do may be called from many goroutines at once with disjoint ranges; what it
// computes must not depend on how the range was cut.
type Job interface {
	Do(lo, hi int)
}

// Pool is a set of workers. It is safe for concurrent use.
type Pool struct {
	threads int                  // 0: as many as GOMAXPROCS
	calls   atomic.Pointer[call] // all there are, newest first, in use or free
	posted  atomic.Uint64        // calls opened so far: idle workers look out for its change

	spinning, sleeping atomic.Int32 // workers that look out, and those that sleep

	mu       sync.Mutex
	wake     sync.Cond // workers sleep here
	launched atomic.Int32
	closed   atomic.Bool
}

// New makes a pool in which a call uses at most threads goroutines, the caller's included. Zero or less means as many as
// GOMAXPROCS at the time. The workers start with the first call that needs them.
func New(threads int) *Pool {
	p := &Pool{threads: max(threads, 0)}
	p.wake.L = &p.mu
	return p
}

var shared = New(0)

// Shared is the pool of the process.
func Shared() *Pool { return shared }

// Threads is the largest number of goroutines one call uses.
func (p *Pool) Threads() int {
	if p.threads == 0 {
		return procs()
	}
	return p.threads
}

// Run calls job.Do on ranges that cover [0, n) exactly once and returns when all are done. A call that stays on one
// goroutine gets [0, n) whole; otherwise ranges start at multiples of grain. threads bounds the goroutines of this call,
// zero or less meaning all of the pool's. To allocate nothing, let job be a pointer to something that already lives on
// the heap.
//
// Each goroutine has an equal part of the range, the same in each call of the same size, so that it meets what its own
// core's cache holds. It takes half of what is left of its part at a time, grain at least, and the parts of others when
// its own is used up: chunks are few, and small at the end.
func (p *Pool) Run(job Job, n, grain, threads int) {
	if n <= 0 {
		return
	}
	grain = max(grain, 1)
	if all := p.Threads(); threads <= 0 || threads > all {
		threads = all
	}
	threads = min(share(threads), (n-1)/grain+1)
	if threads == 1 {
		job.Do(0, n)
		return
	}
	p.launch(threads - 1)
	c := p.free()
	c.open(job, n, grain, threads)
	defer func() {
		if failed := c.close(); failed != nil {
			panic(failed)
		}
	}()
	p.posted.Add(1)
	p.rouse(threads - 1)
	c.work(0, nil)
}

// Close ends the workers. Calls in progress finish; later ones run on the caller alone.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed.Store(true)
	p.posted.Add(1)
	p.mu.Unlock()
	p.wake.Broadcast()
}

// launch sees to it that there are so many workers.
func (p *Pool) launch(workers int) {
	if int(p.launched.Load()) >= workers || p.closed.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for n := int(p.launched.Load()); n < workers && !p.closed.Load(); n++ {
		p.launched.Add(1)
		go p.worker(n + 1)
	}
}

// rouse wakes a sleeping worker if fewer are looking out than there are places. That one wakes the next.
func (p *Pool) rouse(places int) {
	if places <= int(p.spinning.Load()) || p.sleeping.Load() == 0 {
		return
	}
	p.mu.Lock()
	p.wake.Signal()
	p.mu.Unlock()
}

// free is a call that is not in use, taken by the caller.
func (p *Pool) free() *call {
	for c := p.calls.Load(); c != nil; c = c.link {
		if c.state.CompareAndSwap(0, taken) {
			return c
		}
	}
	c := new(call)
	c.state.Store(taken)
	c.idle.L = &c.mu
	for {
		c.link = p.calls.Load()
		if p.calls.CompareAndSwap(c.link, c) {
			return c
		}
	}
}
