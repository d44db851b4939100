// Package pool runs ranges of work on a fixed set of goroutines.
//
// Workers sleep while there is nothing to do: they never spin, so that a server with idle models costs nothing. A call
// allocates nothing after warm-up. The caller works too, and waits only for chunks that somebody is already working
// on, so calls may be nested and concurrent without deadlock.
package pool

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Job is work on the integers of a range. Do may be called from many goroutines at once with disjoint ranges; what it
// computes must not depend on how the range was cut.
type Job interface {
	Do(lo, hi int)
}

// Pool is a set of workers. It is safe for concurrent use.
type Pool struct {
	threads int
	start   sync.Once

	mu     sync.Mutex
	wake   sync.Cond // workers wait here for calls
	active *call     // calls that may still have chunks to give away, newest first
	free   *call     // calls to use again
	closed bool
}

// call is one Run in progress.
type call struct {
	job    Job
	n      int64
	grain  int64
	next   atomic.Int64 // the first index nobody has taken
	places int          // workers that may still join
	busy   int          // workers at work on it
	failed any          // what a worker's Do panicked with
	done   sync.Cond    // the caller waits here for busy == 0
	link   *call
}

// New makes a pool in which a call uses at most threads goroutines, the caller's included. Zero or less means
// GOMAXPROCS. The workers start with the first call that needs them.
func New(threads int) *Pool {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	p := &Pool{threads: threads}
	p.wake.L = &p.mu
	return p
}

var shared = sync.OnceValue(func() *Pool { return New(0) })

// Shared is the pool of the process.
func Shared() *Pool { return shared() }

// Threads is the largest number of goroutines one call uses.
func (p *Pool) Threads() int { return p.threads }

// Run calls job.Do on ranges that cover [0, n) exactly once and returns when all are done. Ranges hold grain integers
// or fewer; a call that stays on one goroutine gets [0, n) whole. threads bounds the goroutines of this call, zero or
// less meaning all of the pool's. To allocate nothing, let job be a pointer to something that already lives on the heap.
func (p *Pool) Run(job Job, n, grain, threads int) {
	if n <= 0 {
		return
	}
	grain = max(grain, 1)
	if threads <= 0 || threads > p.threads {
		threads = p.threads
	}
	chunks := (n-1)/grain + 1
	threads = min(threads, chunks)
	if threads == 1 {
		job.Do(0, n)
		return
	}
	p.start.Do(p.launch)
	c := p.enter(job, n, grain, threads-1)
	defer p.leave(c)
	c.work()
}

// Close ends the workers. Calls in progress finish; later ones run on the caller alone.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.wake.Broadcast()
}

func (p *Pool) launch() {
	for range p.threads - 1 {
		go p.worker()
	}
}

func (p *Pool) enter(job Job, n, grain, places int) *call {
	p.mu.Lock()
	c := p.free
	if c == nil {
		c = new(call)
		c.done.L = &p.mu
	} else {
		p.free = c.link
	}
	c.job, c.n, c.grain, c.places = job, int64(n), int64(grain), places
	c.next.Store(0)
	c.link, p.active = p.active, c
	p.mu.Unlock()
	for range places {
		p.wake.Signal()
	}
	return c
}

// leave takes c out of sight of the workers, waits for those still at work on it, and keeps it for another call.
func (p *Pool) leave(c *call) {
	c.next.Store(c.n) // nothing more is given away when the caller's own Do panicked
	p.mu.Lock()
	at := &p.active
	for *at != c {
		at = &(*at).link
	}
	*at = c.link
	for c.busy > 0 {
		c.done.Wait()
	}
	failed := c.failed
	c.job, c.failed = nil, nil
	c.link, p.free = p.free, c
	p.mu.Unlock()
	if failed != nil {
		panic(failed)
	}
}

func (p *Pool) worker() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		c := p.pick()
		if c == nil {
			if p.closed {
				return
			}
			p.wake.Wait()
			continue
		}
		c.places--
		c.busy++
		p.mu.Unlock()
		failed := c.guarded()
		p.mu.Lock()
		if failed != nil {
			c.failed = failed
		}
		c.busy--
		if c.busy == 0 {
			c.done.Signal()
		}
	}
}

// pick finds a call with a free place and work left.
func (p *Pool) pick() *call {
	for c := p.active; c != nil; c = c.link {
		if c.places > 0 && c.next.Load() < c.n {
			return c
		}
	}
	return nil
}

// guarded is work, with a panic handed to the caller's goroutine, where it can be recovered.
func (c *call) guarded() (failed any) {
	defer func() {
		if failed = recover(); failed != nil {
			c.next.Store(c.n)
		}
	}()
	c.work()
	return nil
}

func (c *call) work() {
	for {
		hi := c.next.Add(c.grain)
		lo := hi - c.grain
		if lo >= c.n {
			return
		}
		c.job.Do(int(lo), int(min(hi, c.n)))
	}
}
