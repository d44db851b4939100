package pool

import "time"

// worker number id joins calls until the pool is closed.
func (p *Pool) worker(id int) {
	for {
		seen := p.posted.Load()
		if c := p.join(); c != nil {
			p.rouse(c.places())
			c.leave(c.guarded(id))
			machine.working.Add(-1)
			continue
		}
		if p.closed.Load() {
			return
		}
		if !p.lookOut(seen) {
			p.sleep(seen)
		}
	}
}

// join is a call that the worker has joined, or nil.
func (p *Pool) join() *call {
	if !enlist() {
		return nil
	}
	for c := p.calls.Load(); c != nil; c = c.link {
		if c.join() {
			return c
		}
	}
	machine.working.Add(-1)
	return nil
}

// lookOut waits for another call than the worker has seen, for as long as that may take no core from anybody.
func (p *Pool) lookOut(seen uint64) (posted bool) {
	p.spinning.Add(1)
	machine.spinning.Add(1)
	var s spin
	for {
		if posted = p.posted.Load() != seen; posted || !s.more(workerMaySpin) {
			break
		}
	}
	machine.spinning.Add(-1)
	p.spinning.Add(-1)
	return posted
}

// sleep waits for another call than the worker has seen.
func (p *Pool) sleep(seen uint64) {
	p.mu.Lock()
	p.sleeping.Add(1)
	for p.posted.Load() == seen {
		p.wake.Wait()
	}
	p.sleeping.Add(-1)
	p.mu.Unlock()
}

// spinFor is how long a goroutine looks out at most: about what it costs to put it to sleep and to wake it.
const spinFor = 50 * time.Microsecond

// spin is a wait of bounded length.
type spin struct {
	rounds int
	start  time.Time
}

// more passes a moment. It reports false when the time is up or allowed says no, which it asks now and then.
func (s *spin) more(allowed func() bool) bool {
	pause()
	s.rounds++
	if s.rounds%16 != 1 {
		return true
	}
	if s.rounds == 1 {
		s.start = time.Now()
	} else if time.Since(s.start) > spinFor {
		return false
	}
	return allowed()
}
