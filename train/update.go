package train

import (
	"math"
	"slices"

	"github.com/elbo-ml/elbo/runtime/native/pool"
	"github.com/elbo-ml/elbo/runtime/native/subnormal"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train/fused"
)

// param is one trained parameter and all that belongs to it. Every tensor has the type and shape of the weight.
type param struct {
	name   string
	weight *tensor.Tensor // the model's own
	grad   *tensor.Tensor
	state  []*tensor.Tensor // as Optimizer.State names them
	before *tensor.Tensor   // the weight before an update that may take it out of range, or nil
	mean   *tensor.Tensor   // the moving average, or nil
}

// pieceLen is the number of elements that one piece of work takes: all its slices together stay in a core's cache. The
// cut is fixed, so that sums over pieces do not depend on the number of threads.
const pieceLen = 4096

// updater measures gradients and applies the rule, in pieces spread over threads. It allocates nothing per step.
//
// One pass over memory measures the gradient, and another updates: a piece's weights, gradient, state and average come
// into the cache once. No weight may be updated before the whole gradient is known to be finite and its norm is at hand,
// so the update does not begin while the gradients are still being computed.
type updater struct {
	pool    *pool.Pool
	threads int
	rule    Optimizer
	params  []*param
	extent  extent
	pieces  []piece
	owners  []*param  // whose each piece is
	norms   []float64 // the sum of squares of each piece
	bad     []bool    // pieces whose weights went out of range

	t           int
	rate, scale float64 // scale multiplies the gradient
	careful     bool    // the step may take weights out of range
	decay       float64 // of the moving average
}

// piece is a run of elements of one parameter.
type piece interface {
	squares() float64
	keep() // the weights, for undo
	update(u *updater)
	finite() bool
	average(u *updater)
	undo()
}

// newUpdater makes the optimiser's state for the parameters, in zeros.
func newUpdater(rule Optimizer, params []*param, decay float64, threads int) *updater {
	u := &updater{pool: pool.Shared(), threads: threads, rule: rule, params: params, decay: decay}
	for _, p := range params {
		n := len(rule.State())
		p.state = make([]*tensor.Tensor, n)
		for i := range p.state {
			p.state[i] = tensor.New(p.weight.DType(), p.weight.Shape()...)
		}
		if decay > 0 {
			p.mean = tensor.New(p.weight.DType(), p.weight.Shape()...)
		}
		for lo := 0; lo < p.weight.Len(); lo += pieceLen {
			hi := min(lo+pieceLen, p.weight.Len())
			u.owners = append(u.owners, p)
			if p.weight.DType() == tensor.Float64 {
				u.pieces = append(u.pieces, newSpan(p, lo, hi, rule.Update64))
			} else {
				u.pieces = append(u.pieces, newSpan(p, lo, hi, rule.Update32))
			}
		}
	}
	u.norms, u.bad = make([]float64, len(u.pieces)), make([]bool, len(u.pieces))
	return u
}

// norm is the global norm of the gradient, summed in float64 in a fixed order. It is finite only if the gradient is.
func (u *updater) norm() float64 {
	u.pool.Run((*norms)(u), len(u.pieces), 4, u.threads)
	sum := 0.0
	for _, s := range u.norms {
		sum += s
	}
	return math.Sqrt(sum)
}

// step applies update t with the gradient, whose norm is given, times scale. When a weight would no longer be finite it
// takes all of them back to where they were and returns the first parameter that holds such a weight; otherwise nil.
func (u *updater) step(t int, rate, norm, scale float64) *param {
	u.t, u.rate, u.scale = t, rate, scale
	u.careful = !u.inReach(norm * scale)
	if u.careful {
		for _, p := range u.params {
			if p.before == nil {
				p.before = tensor.New(p.weight.DType(), p.weight.Shape()...)
			}
		}
	}
	u.pool.Run((*updates)(u), len(u.pieces), 4, u.threads)
	if first := slices.Index(u.bad, true); first >= 0 {
		for _, p := range u.pieces {
			p.undo()
		}
		return u.owners[first]
	}
	return nil
}

type (
	norms   updater
	updates updater
)

// Do sums the squares of pieces [lo, hi).
func (n *norms) Do(lo, hi int) {
	defer subnormal.Restore(subnormal.Flush())
	for i := lo; i < hi; i++ {
		n.norms[i] = n.pieces[i].squares()
	}
}

// Do updates pieces [lo, hi).
func (s *updates) Do(lo, hi int) {
	defer subnormal.Restore(subnormal.Flush())
	u := (*updater)(s)
	for i := lo; i < hi; i++ {
		p := u.pieces[i]
		if u.careful {
			p.keep()
		}
		p.update(u)
		if u.careful {
			if u.bad[i] = !p.finite(); u.bad[i] {
				continue
			}
		}
		p.average(u)
	}
}

// span is a piece of a parameter of element type T.
type span[T float] struct {
	*param
	lo, hi  int
	p, g    []T
	smooth  []T   // of the average, or nil
	tensors [][]T // of the state
	rule    func(t int, rate float64, p, g []T, state [][]T)
}

func newSpan[T float](p *param, lo, hi int, rule func(int, float64, []T, []T, [][]T)) *span[T] {
	s := &span[T]{param: p, lo: lo, hi: hi, rule: rule}
	s.p, s.g = s.of(p.weight), s.of(p.grad)
	for _, t := range p.state {
		s.tensors = append(s.tensors, s.of(t))
	}
	if p.mean != nil {
		s.smooth = s.of(p.mean)
	}
	return s
}

// of is the piece of a tensor of the parameter.
func (s *span[T]) of(t *tensor.Tensor) []T { return tensor.Data[T](t)[s.lo:s.hi:s.hi] }

func (s *span[T]) squares() float64 { return fused.Squares(s.g) }

func (s *span[T]) keep() { copy(s.of(s.before), s.p) }

func (s *span[T]) update(u *updater) {
	if u.scale != 1 {
		fused.Scale(s.g, T(u.scale))
	}
	s.rule(u.t, u.rate, s.p, s.g, s.tensors)
}

func (s *span[T]) finite() bool { return fused.Finite(s.p) }

func (s *span[T]) average(u *updater) {
	if s.smooth != nil {
		fused.Average(s.smooth, s.p, T(u.decay), T(1-u.decay))
	}
}

func (s *span[T]) undo() { copy(s.p, s.of(s.before)) }
