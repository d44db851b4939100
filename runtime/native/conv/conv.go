// Package conv computes convolutions and transposed convolutions on the CPU, in any number of spatial dimensions.
//
// Both are matrix products. Forward lays the patches of x that a block of outputs sees side by side and multiplies them
// by the weights; Transpose multiplies first and adds the products up where they belong. Only a block is ever laid out,
// so memory does not grow with the batch. The order of every sum depends on the geometry alone, never on the threads.
package conv

import (
	"github.com/elbo-ml/elbo/runtime/native/gemm"
	"github.com/elbo-ml/elbo/runtime/native/pool"
)

// Spec is the geometry of a convolution, as ONNX's Conv and ConvTranspose have it, every number resolved: auto_pad and
// output_padding are already in PadBegin and Out. The slices have one entry for each spatial dimension, and In and Out
// are always those of the operator's own input and output.
type Spec struct {
	Batch  int
	Group  int
	InC    int // channels of x, all groups together
	OutC   int // channels of y, all groups together
	In     []int
	Kernel []int
	Out    []int
	Stride []int
	// Dilation is the distance between taps of the kernel, 1 for a dense one.
	Dilation []int
	// PadBegin is the padding before the first element. The padding at the end follows from Out; a negative one crops.
	PadBegin []int
}

// Forward computes, for x of shape [Batch, InC, In...], w [OutC, InC/Group, Kernel...], bias [OutC] or nil, and y
// [Batch, OutC, Out...],
//
//	y[n,o,i] = bias[o] + sum over c, t of x[n, c, i*Stride + t*Dilation - PadBegin] * w[o,c,t]
//
// where positions outside x count as zero and c runs over the channels of o's group. It uses at most threads goroutines
// of the pool (zero or less: all) and allocates nothing after warm-up. Slices shorter than the shapes say are a bug in
// the caller and panic.
func Forward[T gemm.Float](p *pool.Pool, threads int, s *Spec, x, w, bias, y []T) {
	run(p, threads, s, x, w, bias, y, false)
}

// Transpose computes, for x of shape [Batch, InC, In...], w [InC, OutC/Group, Kernel...], bias [OutC] or nil, and y
// [Batch, OutC, Out...], the adjoint of Forward:
//
//	y = bias;  y[n, o, i*Stride + t*Dilation - PadBegin] += x[n,c,i] * w[c,o,t]  over c, t, i
//
// where positions outside y are dropped and c runs over the channels of o's group. Threads, memory and panics are as
// with Forward.
func Transpose[T gemm.Float](p *pool.Pool, threads int, s *Spec, x, w, bias, y []T) {
	run(p, threads, s, x, w, bias, y, true)
}

func run[T gemm.Float](p *pool.Pool, threads int, s *Spec, x, w, bias, y []T, transpose bool) {
	if s.Batch == 0 || s.OutC == 0 || size(s.Out) == 0 {
		return
	}
	if len(s.In) == 0 { // a convolution over no dimension is one over a single position
		one := []int{1}
		s = &Spec{Batch: s.Batch, Group: s.Group, InC: s.InC, OutC: s.OutC,
			In: one, Kernel: one, Out: one, Stride: one, Dilation: one, PadBegin: []int{0}}
	}
	free := freeCalls[T]()
	c := free.Take()
	c.prepare(p, threads, s, x, w, bias, y)
	if transpose {
		c.transpose()
	} else {
		c.forward()
	}
	c.release()
	free.Give(c)
}

func size(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

func ceil(a, b int) int { return (a + b - 1) / b }
