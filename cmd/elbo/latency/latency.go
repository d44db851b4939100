// Package latency times ways to do a task side by side.
//
// On a shared machine the clock says as much about the neighbours as about the code. So the sides take turns in short
// bursts, in an order that is drawn anew for each round: a slow second falls on all of them alike.
package latency

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Side does the task once.
type Side func(ctx context.Context) error

// Times are what a side took, in order from the shortest to the longest.
type Times []time.Duration

// Quantile is the time that a share q of the runs did not pass: 0 is the shortest, 1 the longest. It is one of the times.
func (t Times) Quantile(q float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	i := int(q*float64(len(t))+0.5) - 1
	return t[max(0, min(i, len(t)-1))]
}

const (
	// warmUp is how often a side runs before it is timed: plans are made and memory is taken on the first run.
	warmUp = 3
	// burst is how long a side stays at its turn, for at least one run.
	burst = 10 * time.Millisecond
	// pause lets the threads of whoever ran before stop spinning.
	pause = 2 * time.Millisecond
	// least is how many rounds there are however long they take.
	least = 3
)

// Race times the sides in turns for about the given time, and in at least three rounds.
func Race(ctx context.Context, sides []Side, budget time.Duration) ([]Times, error) {
	for i, s := range sides {
		for range warmUp {
			if err := s(ctx); err != nil {
				return nil, fmt.Errorf("side %d: %w", i, err)
			}
		}
	}
	times := make([]Times, len(sides))
	order := rand.Perm(len(sides))
	for start, round := time.Now(), 0; round < least || time.Since(start) < budget; round++ {
		rand.Shuffle(len(order), func(a, b int) { order[a], order[b] = order[b], order[a] })
		for _, i := range order {
			time.Sleep(pause)
			turn := time.Now()
			for first := true; first || time.Since(turn) < burst; first = false {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				from := time.Now()
				if err := sides[i](ctx); err != nil {
					return nil, fmt.Errorf("side %d: %w", i, err)
				}
				times[i] = append(times[i], time.Since(from))
			}
		}
	}
	for _, t := range times {
		slices.Sort(t)
	}
	return times, nil
}
