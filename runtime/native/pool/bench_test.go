package pool

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// busy works for about the same time on each of its integers.
type busy struct {
	rounds int
	sums   [16 * 8]uint64 // a cache line for each integer
}

func (b *busy) Do(lo, hi int) {
	for i := lo; i < hi; i++ {
		s := uint64(i)
		for range b.rounds {
			s = s*6364136223846793005 + 1442695040888963407
		}
		b.sums[8*i] += s
	}
}

// BenchmarkRun is a call of so many microseconds of work, one after the other within a run, as a program makes them.
func BenchmarkRun(b *testing.B) {
	measure := &busy{rounds: 1 << 20}
	start := time.Now()
	measure.Do(0, 16)
	perRound := time.Since(start) / 16 >> 10 // of 1024 rounds
	for _, work := range []time.Duration{0, 1, 5, 20, 100} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%dus/%dthreads", work, threads), func(b *testing.B) {
				p := New(2)
				defer p.Close()
				if Begin(context.Background()) {
					defer End()
				}
				job := &busy{rounds: int(work * time.Microsecond * 64 / max(perRound, 1))}
				for b.Loop() {
					p.Run(job, 16, 1, threads)
				}
			})
		}
	}
}
