package train

import (
	"math"
	"slices"

	"github.com/elbo-ml/elbo/runtime/native/pool"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train/fused"
)

// param is one trained parameter and all that belongs to it. Every tensor has the type and shape of the weight.
type param struct {
	name   string
	weight *tensor.Tensor // the model's own
	grad   *tensor.Tensor
	state  []*tensor.Tensor // as Optimizer.State names them
	before *tensor.Tensor   // the weight before the update in progress
	mean   *tensor.Tensor   // the moving average, or nil
}

// pieceLen is the number of elements that one piece of work takes: all its slices together stay in a core's cache. The
// cut is fixed, so that sums over pieces do not depend on the number of threads.
const pieceLen = 4096

// updater measures gradients and applies the rule, in pieces spread over threads. It allocates nothing per step.
type updater struct {
	pool    *pool.Pool
	threads int
	pieces  []piece
	owners  []*param  // whose each piece is
	norms   []float64 // the sum of squares of each piece
	bad     []bool    // pieces whose weights went out of range

	t           int
	rate, scale float64 // scale multiplies the gradient
	decay       float64 // of the moving average
}

// piece is a run of elements of one parameter.
type piece interface {
	squares() float64
	update(u *updater) (finite bool)
	undo()
}

// newUpdater makes the optimiser's state for the parameters, in zeros.
func newUpdater(rule Optimizer, params []*param, decay float64, threads int) *updater {
	u := &updater{pool: pool.Shared(), threads: threads, decay: decay}
	for _, p := range params {
		n := len(rule.State())
		p.state = make([]*tensor.Tensor, n)
		for i := range p.state {
			p.state[i] = tensor.New(p.weight.DType(), p.weight.Shape()...)
		}
		p.before = tensor.New(p.weight.DType(), p.weight.Shape()...)
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

// step applies update t with the gradient times scale. When a weight would no longer be finite it takes all of them
// back to where they were and returns the first parameter that holds such a weight; otherwise nil.
func (u *updater) step(t int, rate, scale float64) *param {
	u.t, u.rate, u.scale = t, rate, scale
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
	for i := lo; i < hi; i++ {
		n.norms[i] = n.pieces[i].squares()
	}
}

// Do updates pieces [lo, hi).
func (s *updates) Do(lo, hi int) {
	for i := lo; i < hi; i++ {
		s.bad[i] = !s.pieces[i].update((*updater)(s))
	}
}

// span is a piece of a parameter of element type T.
type span[T float] struct {
	p, g, before, mean []T
	state              [][]T
	rule               func(t int, rate float64, p, g []T, state [][]T)
}

func newSpan[T float](p *param, lo, hi int, rule func(int, float64, []T, []T, [][]T)) *span[T] {
	of := func(t *tensor.Tensor) []T { return tensor.Data[T](t)[lo:hi:hi] }
	s := &span[T]{p: of(p.weight), g: of(p.grad), before: of(p.before), rule: rule}
	for _, t := range p.state {
		s.state = append(s.state, of(t))
	}
	if p.mean != nil {
		s.mean = of(p.mean)
	}
	return s
}

func (s *span[T]) squares() float64 { return fused.Squares(s.g) }

func (s *span[T]) update(u *updater) bool {
	copy(s.before, s.p)
	if u.scale != 1 {
		scale := T(u.scale)
		for i := range s.g {
			s.g[i] *= scale
		}
	}
	s.rule(u.t, u.rate, s.p, s.g, s.state)
	if !fused.Finite(s.p) {
		return false
	}
	if s.mean != nil {
		d, one := T(u.decay), T(1-u.decay)
		for i, v := range s.p {
			s.mean[i] = d*s.mean[i] + one*v
		}
	}
	return true
}

func (s *span[T]) undo() { copy(s.p, s.before) }
