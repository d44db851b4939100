// Package side runs several ways to do one task side by side.
//
// On a shared machine the clock says as much about the neighbours as about the code. So the sides take turns in short
// bursts, in an order that changes from round to round, and what is compared are medians over the rounds: a slow
// second falls on all of them alike.
package side

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"
)

// ErrSkip is wrapped by the error of a side that cannot run here; the message says why.
var ErrSkip = errors.New("skipped")

// Side is one way to do the task.
type Side struct {
	// Name groups the sides: of one name, at several thread counts, the fastest stands for it.
	Name    string
	Threads int
	// Open makes ready and returns the burst, which does the task n times and tells how long that took, and what
	// frees it all.
	Open func() (burst Burst, closer func(), err error)
}

// Burst does the task n times.
type Burst func(n int) (time.Duration, error)

// Result is what a side took for the task once, in seconds.
type Result struct {
	Side
	Median, Low, High, Min float64 // Low and High are the quartiles
	Skipped                error
}

// Race runs the sides in turns for the given number of rounds, with bursts of n, after a warm-up of two bursts each.
func Race(w io.Writer, sides []Side, rounds, n int) ([]Result, error) {
	results := make([]Result, len(sides))
	bursts := make([]Burst, len(sides))
	times := make([][]float64, len(sides))
	var running []int
	for i, s := range sides {
		results[i].Side = s
		burst, closer, err := s.Open()
		if errors.Is(err, ErrSkip) {
			results[i].Skipped = err
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		defer closer()
		for range 2 {
			if _, err := burst(n); err != nil {
				return nil, fmt.Errorf("%s: warm up: %w", s.Name, err)
			}
		}
		bursts[i] = burst
		running = append(running, i)
	}
	for round := range rounds {
		fmt.Fprintf(w, "\rround %d of %d ", round+1, rounds)
		rand.Shuffle(len(running), func(a, b int) { running[a], running[b] = running[b], running[a] })
		for _, i := range running {
			// The threads of whoever ran last may still spin.
			time.Sleep(2 * time.Millisecond)
			took, err := bursts[i](n)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", sides[i].Name, err)
			}
			times[i] = append(times[i], took.Seconds()/float64(n))
		}
	}
	fmt.Fprint(w, "\r                        \r")
	for i, t := range times {
		if len(t) > 0 {
			slices.Sort(t)
			r := &results[i]
			r.Median, r.Low, r.High, r.Min = t[len(t)/2], t[len(t)/4], t[len(t)*3/4], t[0]
		}
	}
	return results, nil
}

// Best is the smallest median of each name, in the order of their first mention; names that were skipped are left out.
func Best(results []Result) []Result {
	var best []Result
	for _, r := range results {
		i := slices.IndexFunc(best, func(b Result) bool { return b.Name == r.Name })
		switch {
		case r.Skipped != nil:
		case i < 0:
			best = append(best, r)
		case r.Median < best[i].Median:
			best[i] = r
		}
	}
	return best
}
