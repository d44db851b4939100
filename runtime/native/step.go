package native

import (
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/kernel"
	"github.com/elbo-ml/elbo/runtime/native/tile"
	"github.com/elbo-ml/elbo/tensor"
)

// step is one thing that a plan does: a node by its kernel, a chain, or a product that a chain goes on with.
type step struct {
	nodes []*graph.Node
	// kernel is the node that runs by its own kernel, or nil.
	kernel *graph.Node
	// chain is what the others make, or nil; it reads operands and writes results.
	chain    *tile.Chain
	operands []*graph.Value
	results  []*graph.Value
	numbers  map[*graph.Value]int // of the chain's values

	views []*graph.Node // of what the step gives
}

// newStep makes a group a step. wanted tells of each value whether another step or the caller reads it.
func newStep(gr *group, wanted func(v *graph.Value, gr *group) bool) *step {
	s := &step{nodes: gr.nodes, views: gr.views}
	if gr.size == 0 {
		s.kernel = gr.nodes[0]
		return s
	}
	s.kernel = gr.product
	c := chainer{step: s, made: map[*graph.Value]bool{}, stored: map[*graph.Value]bool{}, folded: map[*graph.Value]bool{}}
	s.chain, s.numbers = tile.NewChain(gr.size), map[*graph.Value]int{}
	for _, n := range gr.nodes {
		if n != gr.product {
			c.made[n.Outputs[0]] = true
			c.stored[n.Outputs[0]] = wanted(n.Outputs[0], gr)
		}
	}
	for _, n := range gr.folds {
		c.folded[base(n.Inputs[0])] = true
	}
	for _, n := range gr.nodes {
		if c.made[n.Outputs[0]] && !slices.Contains(gr.folds, n) {
			c.declare(n)
		}
	}
	for _, n := range gr.nodes {
		switch {
		case n == gr.product:
		case slices.Contains(gr.folds, n):
			f, _ := kernel.FoldOf(n)
			s.chain.Fold(f, s.numbers[base(n.Inputs[0])], gr.run, s.result(n.Outputs[0]))
		default:
			c.instruct(n)
		}
	}
	s.chain.Finish()
	return s
}

func (s *step) result(v *graph.Value) int {
	s.results = append(s.results, v)
	return len(s.results) - 1
}

// chainer writes the nodes of a step as a chain.
type chainer struct {
	*step
	made   map[*graph.Value]bool // by the chain
	stored map[*graph.Value]bool // for others to read
	folded map[*graph.Value]bool
}

// declare adds n's operands from outside of the chain.
func (c *chainer) declare(n *graph.Node) {
	if c.through(n) {
		c.numbers[n.Outputs[0]] = c.operand(n.Inputs[0], access(n.Inputs[0], n))
		return
	}
	for _, v := range n.Inputs[:kernel.LoopOf(n).Arity()] {
		if !c.made[base(v)] {
			c.operand(v, access(v, n))
		}
	}
}

// through reports whether n only repeats an operand that others in the chain can read as it is.
func (c *chainer) through(n *graph.Node) bool {
	y := n.Outputs[0]
	return kernel.LoopOf(n).Copy && !c.stored[y] && !c.folded[y] && !c.made[base(n.Inputs[0])]
}

// operand is the number of the memory of v, met by a.
func (c *chainer) operand(v *graph.Value, a tile.Access) int {
	for k, w := range c.operands {
		if base(w) == base(v) && c.chain.AccessOf(k) == a {
			return k
		}
	}
	c.operands = append(c.operands, v)
	return c.chain.Operand(v.DType, a)
}

// access is how v meets the elements of n's output. A constant of equal elements is a number.
func access(v *graph.Value, n *graph.Node) tile.Access {
	a, _ := tile.AccessOf(dims(v), dims(n.Outputs[0]))
	if v.Data != nil && uniform(v.Data) {
		return tile.Access{Div: 1, Period: 1}
	}
	return a
}

func uniform(t *tensor.Tensor) bool {
	width := t.DType().Size()
	b := t.Bytes()
	for i := width; i < len(b); i++ {
		if b[i] != b[i-width] {
			return false
		}
	}
	return true
}

func (c *chainer) instruct(n *graph.Node) {
	y := n.Outputs[0]
	if c.through(n) {
		return
	}
	l := kernel.LoopOf(n)
	args := make([]int, l.Arity())
	for i, v := range n.Inputs[:len(args)] {
		if r := base(v); c.made[r] {
			args[i] = c.numbers[r]
		} else {
			args[i] = c.operand(v, access(v, n))
		}
	}
	c.numbers[y] = c.chain.Do(l, args...)
	if c.stored[y] {
		c.chain.Store(c.numbers[y], c.result(y))
	}
}
