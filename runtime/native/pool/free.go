package pool

import "sync"

// Free keeps values for later use. Unlike a sync.Pool it loses none to the garbage collector, so that what has been warmed
// up stays so; it holds as many as were ever taken at once. The zero value is empty and ready.
type Free[X any] struct {
	mu    sync.Mutex
	items []*X
}

// Take returns a kept value, or a new zero one.
func (f *Free[X]) Take() *X {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.items)
	if n == 0 {
		return new(X)
	}
	x := f.items[n-1]
	f.items = f.items[:n-1]
	return x
}

// Give keeps x, which the caller must not use any more.
func (f *Free[X]) Give(x *X) {
	f.mu.Lock()
	f.items = append(f.items, x)
	f.mu.Unlock()
}
