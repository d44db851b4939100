package kernel

import "github.com/elbo-ml/elbo/runtime/native/pool"

// Cores are the goroutines one run may use.
type Cores struct {
	Pool    *pool.Pool
	Threads int
}

// Count is how many goroutines work at once at most.
func (c Cores) Count() int {
	if c.Threads <= 0 || c.Threads > c.Pool.Threads() {
		return c.Pool.Threads()
	}
	return c.Threads
}

type rangeFunc func(lo, hi int)

func (f rangeFunc) Do(lo, hi int) { f(lo, hi) }

// For calls body on ranges that cover [0,n), of about grain or more. Bodies write disjoint elements, and the same bits
// whatever the ranges. It does not allocate, so a body that captures anything is to be made when the kernel is bound.
func (c Cores) For(n, grain int, body func(lo, hi int)) {
	if n <= grain {
		if n > 0 {
			body(0, n)
		}
		return
	}
	c.Pool.Run(rangeFunc(body), n, grain, c.Threads)
}
