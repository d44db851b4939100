//go:build cgo

package ort

import (
	"context"
	"sync"
)

// stopper lets contexts stop the runs that use its options. It registers with a context once, not for each run: runs
// under the same one allocate nothing.
type stopper struct {
	mu      sync.Mutex
	options runOptions // nil when closed
	done    <-chan struct{}
	cancel  func() bool // takes the registration back; nil when there is none
}

func newStopper() (*stopper, error) {
	o, err := newRunOptions()
	return &stopper{options: o}, err
}

// follow makes the end of ctx stop the runs, and that of no other context.
func (s *stopper) follow(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	done := ctx.Done()
	if done == s.done {
		return nil
	}
	if s.cancel != nil {
		s.cancel()
		s.cancel = nil
	}
	s.done = done
	if done != nil {
		s.cancel = context.AfterFunc(ctx, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.done == done && s.options != nil {
				terminate(s.options)
			}
		})
	}
	return allow(s.options)
}

func (s *stopper) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.options == nil {
		return
	}
	if s.cancel != nil {
		s.cancel()
	}
	releaseRunOptions(s.options)
	s.options = nil
}
