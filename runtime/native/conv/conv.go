// Package conv computes convolutions and transposed convolutions on the CPU, in any number of spatial dimensions.
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
// where positions outside x count as zero and c runs over the channels of o's group.
func Forward[T gemm.Float](p *pool.Pool, threads int, s *Spec, x, w, bias, y []T) {
	spatial(s, s.In, s.Out, func(i, t, j int) {
		for n := range s.Batch {
			for o := range s.OutC {
				g := o / (s.OutC / s.Group)
				cs := s.InC / s.Group
				for c := range cs {
					y[(n*s.OutC+o)*size(s.Out)+j] += x[(n*s.InC+g*cs+c)*size(s.In)+i] * w[(o*cs+c)*size(s.Kernel)+t]
				}
			}
		}
	}, func() { fill(s, bias, y) })
}

// Transpose computes, for x of shape [Batch, InC, In...], w [InC, OutC/Group, Kernel...], bias [OutC] or nil, and y
// [Batch, OutC, Out...], the adjoint of Forward:
//
//	y = bias;  y[n, o, i*Stride + t*Dilation - PadBegin] += x[n,c,i] * w[c,o,t]  over c, t, i
//
// where positions outside y are dropped and c runs over the channels of o's group.
func Transpose[T gemm.Float](p *pool.Pool, threads int, s *Spec, x, w, bias, y []T) {
	spatial(s, s.Out, s.In, func(i, t, j int) {
		for n := range s.Batch {
			for c := range s.InC {
				g := c / (s.InC / s.Group)
				os := s.OutC / s.Group
				for o := range os {
					y[(n*s.OutC+g*os+o)*size(s.Out)+i] += x[(n*s.InC+c)*size(s.In)+j] * w[(c*os+o)*size(s.Kernel)+t]
				}
			}
		}
	}, func() { fill(s, bias, y) })
}

func fill[T gemm.Float](s *Spec, bias, y []T) {
	n := size(s.Out)
	for i := range s.Batch * s.OutC {
		var b T
		if bias != nil {
			b = bias[i%s.OutC]
		}
		for j := range n {
			y[i*n+j] = b
		}
	}
}

// spatial visits (position in wide, tap, position in narrow) for every pair a convolution from wide to narrow links.
func spatial(s *Spec, wide, narrow []int, visit func(i, t, j int), before func()) {
	before()
	for j := range size(narrow) {
	taps:
		for t := range size(s.Kernel) {
			i, step, jj, tt := 0, 1, j, t
			for d := len(wide) - 1; d >= 0; d-- {
				at := jj%narrow[d]*s.Stride[d] + tt%s.Kernel[d]*s.Dilation[d] - s.PadBegin[d]
				if at < 0 || at >= wide[d] {
					continue taps
				}
				i += at * step
				step *= wide[d]
				jj /= narrow[d]
				tt /= s.Kernel[d]
			}
			visit(i, t, j)
		}
	}
}

func size(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}
