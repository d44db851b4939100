package pool

import (
	"sync"
	"sync/atomic"
)

// call is one Run in progress. Calls are never freed but used again, so a worker may hold on to one that has since been
// opened for other work: whatever it joins is open.
type call struct {
	link  *call // the next of all calls
	job   Job
	n     int64
	grain int64
	parts []part // one for each goroutine

	_     [64]byte // what is written while the work goes on is apart from what is only read
	state atomic.Uint64

	mu      sync.Mutex
	idle    sync.Cond // the caller sleeps here until nobody is at work
	waiting atomic.Bool
	failed  any // what a worker's Do panicked with
}

// part is a share of a call's range: [next, end) is not taken yet.
type part struct {
	next atomic.Int64
	end  int64
	_    [48]byte
}

// The state of a call: 0 when it is free; the number of workers at work on it; how many more may join; whether the call
// is taken.
const (
	taken     = 1 << 63
	onePlace  = 1 << 16
	placeMask = (1<<16 - 1) << 16
	busyMask  = 1<<16 - 1
)

// open makes c a call of threads goroutines, which workers may join.
func (c *call) open(job Job, n, grain, threads int) {
	c.job, c.n, c.grain = job, int64(n), int64(grain)
	if cap(c.parts) < threads {
		c.parts = make([]part, threads)
	}
	c.parts = c.parts[:threads]
	chunks := (n-1)/grain + 1
	for i := range c.parts {
		c.parts[i].next.Store(int64(i*chunks/threads) * c.grain)
		c.parts[i].end = min(int64((i+1)*chunks/threads)*c.grain, c.n)
	}
	c.state.Store(taken | uint64(threads-1)*onePlace)
}

// join takes a place, if there is one.
func (c *call) join() bool {
	for {
		s := c.state.Load()
		if s&placeMask == 0 {
			return false
		}
		if c.state.CompareAndSwap(s, s-onePlace+1) {
			return true
		}
	}
}

// places is how many more may join.
func (c *call) places() int { return int(c.state.Load() & placeMask / onePlace) }

// leave gives up what join took. Where nothing is left to do, others need not join either.
func (c *call) leave(more bool) {
	for {
		s := c.state.Load()
		t := s - 1
		if !more {
			t &^= placeMask
		}
		if !c.state.CompareAndSwap(s, t) {
			continue
		}
		if t&busyMask == 0 && c.waiting.Load() {
			c.mu.Lock()
			c.idle.Signal()
			c.mu.Unlock()
		}
		return
	}
}

// close lets nobody join any more, waits for the workers that are at work, and frees the call. It returns what one of them
// panicked with, or nil.
func (c *call) close() (failed any) {
	c.drop() // there is work left if the caller's own Do panicked
	c.state.And(^uint64(placeMask))
	var s spin
	for c.busy() {
		if !s.more(callerMaySpin) {
			c.sleep()
		}
	}
	failed = c.failed
	c.job, c.failed = nil, nil
	c.state.Store(0)
	return failed
}

func (c *call) busy() bool { return c.state.Load()&busyMask != 0 }

// sleep waits until nobody is at work on the call, which is closed.
func (c *call) sleep() {
	c.mu.Lock()
	c.waiting.Store(true)
	for c.busy() {
		c.idle.Wait()
	}
	c.waiting.Store(false)
	c.mu.Unlock()
}

// drop takes all chunks that nobody has taken.
func (c *call) drop() {
	for i := range c.parts {
		if p := &c.parts[i]; p.next.Load() < p.end {
			p.next.Store(p.end)
		}
	}
}

// guarded is a worker's work, with a panic kept for the caller's goroutine, where it can be recovered.
func (c *call) guarded(first int) (more bool) {
	defer func() {
		if failed := recover(); failed != nil {
			c.mu.Lock()
			c.failed = failed
			c.mu.Unlock()
			c.drop()
		}
	}()
	return c.work(first, crowded)
}

// work does chunks until there are none, those of part first before others, and reports whether it stopped earlier since
// enough did so.
func (c *call) work(first int, enough func() bool) (more bool) {
	for i := range c.parts {
		p := &c.parts[(first+i)%len(c.parts)]
		for {
			lo := p.next.Load()
			left := p.end - lo
			if left <= 0 {
				break
			}
			hi := lo + min(left, max(1, left/c.grain/2)*c.grain)
			if !p.next.CompareAndSwap(lo, hi) {
				continue
			}
			c.job.Do(int(lo), int(hi))
			if enough != nil && enough() {
				return true
			}
		}
	}
	return false
}
