package tile

import "github.com/elbo-ml/elbo/runtime/native/pool"

// Scratch is the memory that the goroutines at work on chains keep their pieces in. It serves chains that run one after
// the other, so that it stays in cache from one to the next.
type Scratch struct {
	floats, bits, values int // what the largest chain needs
	free                 pool.Free[machine]
}

// machine is the memory of one goroutine.
type machine struct {
	floats []float32
	bits   []bool
	now    []piece // of each value
}

func (s *Scratch) need(c *Chain) {
	for _, v := range c.values {
		if v.bits {
			s.bits = max(s.bits, v.slot+1)
		} else {
			s.floats = max(s.floats, v.slot+1)
		}
	}
	s.values = max(s.values, len(c.values))
}

// Reserve makes the memory of the given number of goroutines. All chains have been bound.
func (s *Scratch) Reserve(goroutines int) {
	var all []*machine
	for range goroutines {
		all = append(all, s.take())
	}
	for _, m := range all {
		s.give(m)
	}
}

func (s *Scratch) take() *machine {
	m := s.free.Take()
	if m.now == nil {
		*m = machine{make([]float32, s.floats*maxTile), make([]bool, s.bits*maxTile), make([]piece, s.values)}
	}
	return m
}

func (s *Scratch) give(m *machine) {
	clear(m.now) // keep no memory of the caller's alive
	s.free.Give(m)
}
