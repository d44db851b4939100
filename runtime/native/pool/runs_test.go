package pool

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// cores sets GOMAXPROCS for a test.
func cores(t *testing.T, n int) {
	was := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(was) })
}

// settle waits until the workers of other tests are done counting.
func settle(t *testing.T) {
	for start := time.Now(); machine.working.Load() != 0 || machine.spinning.Load() != 0; time.Sleep(time.Millisecond) {
		if time.Since(start) > 10*time.Second {
			t.Fatalf("%d workers are at work, %d look out", machine.working.Load(), machine.spinning.Load())
		}
	}
}

// What goroutines may do follows from the counts of what is going on.
func TestRulesOfSharing(t *testing.T) {
	settle(t)
	for _, c := range []struct {
		name                          string
		procs, runs, working, looking int32
		share                         int // of eight goroutines asked for
		crowded, worker, caller       bool
	}{
		{"nothing in flight: nobody looks out", 4, 0, 0, 1, 8, false, false, true},
		{"alone: as many as asked for, and the rest look out", 4, 1, 1, 2, 8, false, true, true},
		{"alone, all at work", 4, 1, 3, 1, 8, false, false, true},
		{"alone on one core: nobody looks out", 1, 1, 0, 1, 8, false, false, true},
		{"alone on one core, told to use more", 1, 1, 1, 0, 8, false, false, false},
		{"two on two cores: each its own", 2, 2, 0, 1, 1, false, false, true},
		{"two on two cores, a worker too many", 2, 2, 1, 0, 1, true, false, false},
		{"two on four cores", 4, 2, 1, 1, 2, false, true, true},
		{"three on four cores: one may have a second", 4, 3, 1, 0, 2, false, true, true},
		{"three on four cores, and two have", 4, 3, 2, 0, 2, true, false, false},
		{"more than cores", 2, 5, 0, 1, 1, true, false, false},
	} {
		set := func(procs, runs, working, looking int32) {
			machine.procs.Store(procs)
			machine.runs.Store(runs)
			machine.working.Store(working)
			machine.spinning.Store(looking)
		}
		cores(t, int(c.procs))
		set(c.procs, c.runs, c.working, c.looking)
		if got := share(8); got != c.share {
			t.Errorf("%s: %d goroutines for a call, want %d", c.name, got, c.share)
		}
		if got := crowded(); got != c.crowded {
			t.Errorf("%s: crowded is %v", c.name, got)
		}
		if got := workerMaySpin(); got != c.worker {
			t.Errorf("%s: a worker may look out is %v", c.name, got)
		}
		if got := callerMaySpin(); got != c.caller {
			t.Errorf("%s: a caller may look out is %v", c.name, got)
		}
		set(0, 0, 0, 0)
	}
}

func TestSharedPoolFollowsGOMAXPROCS(t *testing.T) {
	for _, n := range []int{1, 3, 2} {
		cores(t, n)
		if got := Shared().Threads(); got != n {
			t.Errorf("%d goroutines for GOMAXPROCS %d", got, n)
		}
		var c crowd
		Shared().Run(&c, 400, 1, 0)
		if most := c.most.Load(); int(most) > n {
			t.Errorf("%d goroutines at once for GOMAXPROCS %d", most, n)
		}
	}
}

// Runs that are all in flight use no more goroutines together than there are cores, or one each.
func TestRunsShareTheCores(t *testing.T) {
	cores(t, 4)
	p := New(4)
	defer p.Close()
	for runs := 1; runs <= 6; runs++ {
		var all crowd
		var begun, finished, done sync.WaitGroup
		begun.Add(runs)
		finished.Add(runs)
		for range runs {
			done.Go(func() {
				if Begin(context.Background()) {
					defer End()
				}
				begun.Done()
				begun.Wait()
				for range 20 {
					p.Run(&all, 60, 1, 0)
				}
				finished.Done() // all stay in flight until all are through
				finished.Wait()
			})
		}
		done.Wait()
		if most := all.most.Load(); int(most) > max(4, runs) {
			t.Errorf("%d runs: %d goroutines at once on 4 cores", runs, most)
		}
	}
}

// shrink is work in progress when another run begins: four goroutines wait for that in their first chunks, of eight
// integers.
type shrink struct {
	started   sync.WaitGroup
	begun     chan struct{}
	now, most atomic.Int32 // goroutines at work on later chunks
}

func (s *shrink) Do(lo, hi int) {
	for i := lo; i < hi; i++ {
		if i%16 == 0 {
			s.started.Done()
			<-s.begun
		}
		if i%16 >= 8 {
			n := s.now.Add(1)
			for most := s.most.Load(); most < n && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
			}
			time.Sleep(time.Millisecond)
			s.now.Add(-1)
		}
	}
}

func TestSurplusWorkersLeaveWhenAnotherRunBegins(t *testing.T) {
	cores(t, 4)
	p := New(4)
	defer p.Close()
	Begin(context.Background())
	defer End()
	s := &shrink{begun: make(chan struct{})}
	s.started.Add(4)
	go func() {
		s.started.Wait()
		Begin(context.Background())
		close(s.begun)
	}()
	p.Run(s, 64, 1, 0)
	End()
	if most := s.most.Load(); most > 3 {
		t.Errorf("%d goroutines of a call at once, want 3 or fewer when another run has begun on 4 cores", most)
	}
}

func TestHeldRunsCountOnce(t *testing.T) {
	ctx, end := Hold(context.Background())
	if got := machine.runs.Load(); got != 1 {
		t.Fatalf("%d runs in flight, want 1", got)
	}
	if Begin(ctx) {
		t.Error("a part of a run began another")
	}
	_, inner := Hold(ctx)
	inner()
	end()
	if got := machine.runs.Load(); got != 0 {
		t.Errorf("%d runs in flight after the end", got)
	}
}

// What is done aside takes no share of the cores, and the run goes on behind it.
func TestAside(t *testing.T) {
	settle(t)
	run, end := Hold(context.Background())
	defer end()
	seen := false
	Aside(run, func() { seen = machine.runs.Load() == 0 })
	if !seen || machine.runs.Load() != 1 {
		t.Errorf("aside of the one run in flight: seen %v, %d runs after it", seen, machine.runs.Load())
	}
	Aside(context.Background(), func() { seen = machine.runs.Load() == 1 })
	if !seen {
		t.Error("aside of no run took one away")
	}
}

// Workers that have nothing to do sleep, within a run too.
func TestIdleWorkersSleep(t *testing.T) {
	cores(t, 4)
	p := New(4)
	defer p.Close()
	if Begin(context.Background()) {
		defer End()
	}
	m := make(marks, 100)
	p.Run(m, 100, 1, 0)
	for start := time.Now(); p.sleeping.Load() != 3; time.Sleep(time.Millisecond) {
		if time.Since(start) > 10*time.Second {
			t.Fatalf("%d of 3 workers sleep, %d look out", p.sleeping.Load(), p.spinning.Load())
		}
	}
	settle(t)
}

// Callers come and go, with breaks in which workers fall asleep, and every index is done once.
func TestStress(t *testing.T) {
	cores(t, 3)
	p := New(3)
	defer p.Close()
	var all sync.WaitGroup
	var total atomic.Int64
	for k := range 4 {
		all.Go(func() {
			for i := range 300 {
				begun := i%2 == 0 && Begin(context.Background())
				m := make(marks, 1+(i*7+k)%50)
				p.Run(m, len(m), 1+i%3, 0)
				for j, got := range m {
					if got != 1 {
						t.Errorf("index %d done %d times", j, got)
					}
				}
				total.Add(1)
				if begun {
					End()
				}
				if i%50 == 49 {
					time.Sleep(2 * spinFor)
				}
			}
		})
	}
	all.Wait()
	if total.Load() != 4*300 {
		t.Errorf("%d calls came back", total.Load())
	}
}
