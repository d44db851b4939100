package reproduce

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// Cores is how many threads a run may use.
func (l *Lab) Cores() int {
	if l.Threads > 0 {
		return l.Threads
	}
	return runtime.GOMAXPROCS(0)
}

// Each calls f for the numbers below n, as many at a time as there are threads, and shares the threads among them: two
// trainings on a thread each get done sooner than one after the other on two. It stops at the first error. What f computes
// must not depend on the number of threads; elbo's native engine does not.
func (l *Lab) Each(ctx context.Context, n int, f func(ctx context.Context, i, threads int) error) error {
	threads := l.Cores()
	workers := max(min(n, threads), 1)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for i := range n {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return f(ctx, i, threads/workers)
		})
	}
	return group.Wait()
}
