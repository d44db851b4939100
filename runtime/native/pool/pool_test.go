package pool

import (
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

// marks counts how often each index was done.
type marks []int32

func (m marks) Do(lo, hi int) {
	for i := lo; i < hi; i++ {
		atomic.AddInt32(&m[i], 1)
	}
}

func TestRunCoversTheRangeOnce(t *testing.T) {
	p := New(4)
	defer p.Close()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 300).Draw(t, "n")
		grain := rapid.IntRange(-1, 40).Draw(t, "grain")
		threads := rapid.IntRange(-1, 6).Draw(t, "threads")
		m := make(marks, n)
		p.Run(m, n, grain, threads)
		for i, got := range m {
			if got != 1 {
				t.Fatalf("index %d done %d times", i, got)
			}
		}
	})
}

// nested runs an inner call for each of its indices.
type nested struct {
	p     *Pool
	inner []marks
}

func (j nested) Do(lo, hi int) {
	for i := lo; i < hi; i++ {
		j.p.Run(j.inner[i], len(j.inner[i]), 3, 0)
	}
}

func TestRunNestedAndConcurrent(t *testing.T) {
	p := New(3)
	defer p.Close()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				j := nested{p: p, inner: make([]marks, 9)}
				for i := range j.inner {
					j.inner[i] = make(marks, 20)
				}
				p.Run(j, len(j.inner), 1, 0)
				for _, m := range j.inner {
					for i, got := range m {
						if got != 1 {
							t.Errorf("index %d done %d times", i, got)
						}
					}
				}
			}
		})
	}
	wg.Wait()
}

// crowd records how many goroutines were in Do at once.
type crowd struct{ now, most atomic.Int32 }

func (c *crowd) Do(lo, hi int) {
	now := c.now.Add(1)
	for {
		most := c.most.Load()
		if now <= most || c.most.CompareAndSwap(most, now) {
			break
		}
	}
	for range 1000 {
		c.now.Load()
	}
	c.now.Add(-1)
}

func TestRunKeepsToTheThreadLimit(t *testing.T) {
	p := New(8)
	defer p.Close()
	for limit := 1; limit <= 4; limit++ {
		var c crowd
		p.Run(&c, 400, 1, limit)
		if most := c.most.Load(); most > int32(limit) {
			t.Errorf("limit %d: %d goroutines at once", limit, most)
		}
	}
}

type failing struct{ at int }

func (f failing) Do(lo, hi int) {
	if lo <= f.at && f.at < hi {
		panic("broken job")
	}
}

func TestRunHandsPanicsToTheCaller(t *testing.T) {
	p := New(4)
	defer p.Close()
	for at := range 50 {
		func() {
			defer func() {
				if r := recover(); r != "broken job" {
					t.Errorf("recovered %v", r)
				}
			}()
			p.Run(failing{at}, 50, 1, 0)
		}()
	}
	m := make(marks, 50)
	p.Run(m, 50, 1, 0)
	for i, got := range m {
		if got != 1 {
			t.Errorf("after panics: index %d done %d times", i, got)
		}
	}
}

func TestRunAfterCloseStillWorks(t *testing.T) {
	p := New(4)
	p.Close()
	m := make(marks, 50)
	p.Run(m, 50, 1, 0)
	for i, got := range m {
		if got != 1 {
			t.Errorf("index %d done %d times", i, got)
		}
	}
}

func TestRunDoesNotAllocate(t *testing.T) {
	p := New(4)
	defer p.Close()
	m := make(marks, 1000)
	var job Job = &m
	p.Run(job, 1000, 10, 0)
	if got := testing.AllocsPerRun(100, func() { p.Run(job, 1000, 10, 0) }); got != 0 {
		t.Errorf("%v allocations per call", got)
	}
}
