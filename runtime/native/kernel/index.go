package kernel

import "github.com/elbo-ml/elbo/tensor"

// space is an iteration space over several operands: extents, and each operand's stride (in elements) along each axis.
// Axes of extent 1 are dropped and neighbours that every operand walks as one are merged, so that most spaces have one
// or two axes. There is always at least one.
type space struct {
	dims    []int
	strides [][]int // by operand
}

func newSpace(dims []int, strides ...[]int) space {
	s := space{strides: make([][]int, len(strides))}
	for axis, d := range dims {
		if d == 1 {
			continue
		}
		if last := len(s.dims) - 1; last >= 0 && s.merges(strides, axis, d) {
			s.dims[last] *= d
			for k := range strides {
				s.strides[k][last] = strides[k][axis]
			}
			continue
		}
		s.dims = append(s.dims, d)
		for k := range strides {
			s.strides[k] = append(s.strides[k], strides[k][axis])
		}
	}
	if len(s.dims) == 0 {
		s.dims = []int{1}
		for k := range s.strides {
			s.strides[k] = []int{1}
		}
	}
	return s
}

func (s *space) merges(strides [][]int, axis, d int) bool {
	last := len(s.dims) - 1
	for k := range strides {
		if s.strides[k][last] != strides[k][axis]*d {
			return false
		}
	}
	return true
}

// inner is the extent of the last axis and outer the product of the others.
func (s *space) inner() int { return s.dims[len(s.dims)-1] }

func (s *space) outer() int { return tensor.Shape(s.dims[:len(s.dims)-1]).Size() }

// step is operand k's stride along the last axis.
func (s *space) step(k int) int { return s.strides[k][len(s.dims)-1] }

// offset is operand k's offset at outer index i.
func (s *space) offset(k, i int) int {
	off := 0
	for axis := len(s.dims) - 2; axis >= 0; axis-- {
		d := s.dims[axis]
		off += i % d * s.strides[k][axis]
		i /= d
	}
	return off
}

// broadcastStrides are the strides with which a tensor of the given shape is read in the space of shape out: 0 along
// the axes that repeat.
func broadcastStrides(shape, out tensor.Shape) []int {
	strides := make([]int, len(out))
	own := shape.Strides()
	for i := range shape {
		if axis := len(out) - len(shape) + i; axis >= 0 && shape[i] != 1 {
			strides[axis] = own[i]
		}
	}
	return strides
}

// split writes shape as [outer, shape[axis], inner].
func split(shape tensor.Shape, axis int) (outer, n, inner int) {
	return shape[:axis].Size(), shape[axis], shape[axis+1:].Size()
}

// grain is how many elements a core takes at a time: enough to make waking it worth while.
const grain = 1 << 14

// rowGrain is grain in rows of the given length.
func rowGrain(row int) int { return max(1, grain/max(row, 1)) }
