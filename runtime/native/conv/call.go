package conv

import (
	"github.com/elbo-ml/elbo/runtime/native/gemm"
	"github.com/elbo-ml/elbo/runtime/native/pool"
)

// call is one convolution in progress. It is a pool.Job whose integers are independent parts of y.
type call[T gemm.Float] struct {
	pool    *pool.Pool
	threads int // of the call
	inner   int // of each product within it
	s       *Spec

	x, w, bias, y        []T
	inSize, outSize      int // elements of one channel of x and of y
	taps                 int // elements of the kernel of one channel
	groupIn, groupOut    int // channels of a group
	how                  method
	images, cols, blocks int // how y is cut: images to a part, columns to a part, parts to an image
	outs                 int // channels to a part
}

// method is how a part of y is computed. (A method value of a generic type would be a closure, and allocate.)
type method int

const (
	byPlane method = iota
	byMixing
	byPatches
	bySpreading
)

// scratch is the memory of one part.
type scratch[T gemm.Float] struct {
	patches, product []T
	outer, inner     runs
}

var (
	calls32   pool.Free[call[float32]]
	calls64   pool.Free[call[float64]]
	scratch32 pool.Free[scratch[float32]]
	scratch64 pool.Free[scratch[float64]]
)

func freeCalls[T gemm.Float]() *pool.Free[call[T]] {
	if f, ok := any(&calls32).(*pool.Free[call[T]]); ok {
		return f
	}
	return any(&calls64).(*pool.Free[call[T]])
}

func freeScratch[T gemm.Float]() *pool.Free[scratch[T]] {
	if f, ok := any(&scratch32).(*pool.Free[scratch[T]]); ok {
		return f
	}
	return any(&scratch64).(*pool.Free[scratch[T]])
}

func (c *call[T]) prepare(p *pool.Pool, threads int, s *Spec, x, w, bias, y []T) {
	if threads <= 0 || threads > p.Threads() {
		threads = p.Threads()
	}
	c.pool, c.threads, c.s = p, threads, s
	c.inSize, c.outSize, c.taps = size(s.In), size(s.Out), size(s.Kernel)
	c.groupIn, c.groupOut = s.InC/s.Group, s.OutC/s.Group
	c.x, c.y = x[:s.Batch*s.InC*c.inSize], y[:s.Batch*s.OutC*c.outSize]
	c.w = w[:s.OutC*c.groupIn*c.taps] // of Transpose, InC*groupOut*taps: the same number
	c.bias = bias
	if bias != nil {
		c.bias = bias[:s.OutC]
	}
}

// release lets go of the caller's memory.
func (c *call[T]) release() { *c = call[T]{} }

// parts computes parts 0 to n-1. Where there are fewer parts than threads, the products within them use the threads instead.
func (c *call[T]) parts(n int, how method) {
	c.how, c.inner = how, 1
	if n < c.threads {
		c.inner = c.threads
		c.Do(0, n)
		return
	}
	c.pool.Run(c, n, 1, c.threads)
}

// Do is one worker's share: the parts lo to hi of the way that parts chose.
func (c *call[T]) Do(lo, hi int) {
	for i := lo; i < hi; i++ {
		switch c.how {
		case byPlane:
			c.plane(i)
		case byMixing:
			c.mixChannels(i)
		case byPatches:
			c.patchwork(i)
		case bySpreading:
			c.spread(i)
		}
	}
}

// pointwise tells whether the taps are one element that visits every element of x once.
func (c *call[T]) pointwise() bool {
	for d, k := range c.s.Kernel {
		if k != 1 || c.s.Stride[d] != 1 || c.s.PadBegin[d] != 0 || c.s.In[d] != c.s.Out[d] {
			return false
		}
	}
	return true
}

// room is buf with n elements, whatever they hold.
func room[T gemm.Float](buf []T, n int) []T {
	if cap(buf) < n {
		return make([]T, n)
	}
	return buf[:n]
}
