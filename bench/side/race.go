package side

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// Pace says how long a race takes.
type Pace struct {
	Rounds int           // at most
	Burst  time.Duration // about how long a side runs before it is another's turn
	Budget time.Duration // of the rounds together; three are made in any case
}

// settle is how long a side of several threads runs before it counts: threads that were asleep may all wake up on one core,
// and it takes the kernel some 30 ms to spread them. For one thread a tenth of the burst fills the caches.
const settle = 40 * time.Millisecond

// runner is a side that takes part.
type runner struct {
	result *Result
	host   *Host
	key    string
	idle   int // times the task is done at the start of a burst without counting
	n      int // times that count
	times  []float64
}

// Race lets the sides do the task in turns. Results that differ from the first side's by more than tolerance, relative
// to their largest number, leave a side out. dir is a folder for the results.
func Race(progress io.Writer, sides []Side, p Pace, tolerance float64, dir string) ([]Result, error) {
	results := make([]Result, len(sides))
	var running []*runner
	var reference []float32
	for i, s := range sides {
		results[i].Side = s
		fmt.Fprintf(progress, "\r\033[K%s, %d threads: make ready ", s.Name, s.Threads)
		r, got, err := start(&results[i], p, filepath.Join(dir, "result"+strconv.Itoa(i)))
		if r != nil {
			defer r.close()
		}
		if err == nil && reference != nil {
			if results[i].Difference, err = difference(got, reference); err == nil && results[i].Difference > tolerance {
				err = fmt.Errorf("its results differ by %.2g", results[i].Difference)
			}
			if err != nil {
				err = fmt.Errorf("%w: %w", ErrSkip, err)
			}
		}
		switch {
		case errors.Is(err, ErrSkip):
			results[i].Skipped = err
		case err != nil:
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		default:
			if reference == nil {
				reference = got
			}
			running = append(running, r)
		}
	}
	begun := time.Now()
	for round := range p.Rounds {
		if round >= 3 && time.Since(begun) > p.Budget {
			break
		}
		fmt.Fprintf(progress, "\r\033[Kround %d of %d ", round+1, p.Rounds)
		rand.Shuffle(len(running), func(a, b int) { running[a], running[b] = running[b], running[a] })
		for _, r := range running {
			if err := r.burst(); err != nil {
				return nil, fmt.Errorf("%s: %w", r.result.Name, err)
			}
		}
	}
	fmt.Fprint(progress, "\r\033[K")
	for _, r := range running {
		r.summarise()
	}
	return results, nil
}

// start opens the side's task, checks it and finds how often it is to be done in a burst.
func start(result *Result, p Pace, file string) (*runner, []float32, error) {
	h, err := result.Host()
	if err != nil {
		return nil, nil, err
	}
	r := &runner{result: result, host: h}
	if r.key, err = h.open(result.Task); err != nil {
		return r, nil, err
	}
	if _, err := h.ask("check", r.key, file); err != nil {
		return r, nil, err
	}
	got, err := ReadArray(file)
	if err != nil {
		return r, nil, err
	}
	// The first runs are slower than those to come. A task that takes long has been warmed by the check.
	took := time.Duration(0)
	for i := 0; i < 3 && took < 50*time.Millisecond; i++ {
		if took, err = h.run(r.key, 1); err != nil {
			return r, nil, err
		}
	}
	took = max(took, 1)
	r.n = int(max(1, min(p.Burst/took, 1<<20)))
	switch {
	case result.Threads > 1 && took < 2*settle:
		r.idle = int((settle + took - 1) / took)
	case r.n > 1:
		r.idle = (r.n + 9) / 10
	}
	return r, got, nil
}

// burst does the task n times, after some that do not count.
func (r *runner) burst() error {
	if r.idle > 0 {
		if _, err := r.host.run(r.key, r.idle); err != nil {
			return err
		}
	}
	took, err := r.host.run(r.key, r.n)
	if err != nil {
		return err
	}
	r.times = append(r.times, took.Seconds()/float64(r.n))
	return nil
}

func (r *runner) summarise() {
	t := r.times
	slices.Sort(t)
	r.result.Median, r.result.Low, r.result.High, r.result.Min = t[len(t)/2], t[len(t)/4], t[len(t)*3/4], t[0]
}

func (r *runner) close() {
	if r.result.Keep {
		r.host.ask("close", r.key)
		return
	}
	r.host.Close()
}

// Best is the side called name that took the least time on at most the given number of threads; false when none ran.
func Best(results []Result, name string, threads int) (best Result, ok bool) {
	for _, r := range results {
		if r.Name == name && r.Skipped == nil && r.Threads <= threads && (!ok || r.Median < best.Median) {
			best, ok = r, true
		}
	}
	return best, ok
}

// Fastest is the side that took the least time in any of some runs taken in turns. It is for choosing, not for judging.
func Fastest(sides []Side, rounds int) (best Side) {
	least := time.Duration(math.MaxInt64)
	var hosts []*Host
	for _, s := range sides {
		h, err := s.Host()
		if err != nil {
			return best
		}
		defer h.Close()
		if _, err := h.open(s.Task); err != nil {
			return best
		}
		hosts = append(hosts, h)
	}
	for range rounds {
		for i, h := range hosts {
			if took, err := h.run("1", 2); err == nil && took < least {
				least, best = took, sides[i]
			}
		}
	}
	return best
}

// Once opens a side's task and gives its results. Nothing is timed. dir is a folder for them.
func Once(s Side, dir string) ([]float32, error) {
	h, err := s.Host()
	if err != nil {
		return nil, err
	}
	defer h.Close()
	key, err := h.open(s.Task)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "once")
	if _, err := h.ask("check", key, file); err != nil {
		return nil, err
	}
	return ReadArray(file)
}
