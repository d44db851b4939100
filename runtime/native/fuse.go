package native

import (
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/kernel"
	"github.com/elbo-ml/elbo/runtime/native/tile"
	"github.com/elbo-ml/elbo/tensor"
)

// group is one step of a plan in the making: nodes that run as one. A node that is nothing more is a group of its own.
// Element-wise nodes over equally many elements join into a chain; reductions of what a chain gives join it; and a chain
// that reads a product's result goes on with it, part by part, as the product finishes them.
type group struct {
	nodes   []*graph.Node
	size    int // elements of each result of the chain; 0 where the group is none
	product *graph.Node
	folds   []*graph.Node
	run     int // elements that a fold reduces to one
	views   []*graph.Node

	from   []*group // what it reads from; they may have joined others since
	joined *group   // what it has joined, or nil
	seen   int      // the last search that came by
}

// now is the group that g's nodes are in.
func (g *group) now() *group {
	for g.joined != nil {
		g = g.joined
	}
	return g
}

// fuser joins the nodes of a graph into groups.
type fuser struct {
	graph   *graph.Graph
	place   map[*graph.Node]int
	of      map[*graph.Node]*group
	readers map[*graph.Value][]*graph.Node // of a value under any of its shapes
	outputs map[*graph.Value]bool          // of the graph, as what they are views of
	views   []*graph.Node                  // of inputs and constants
	round   int                            // of searches
	stack   []*group                       // of the search at hand
}

const (
	// maxChain bounds the nodes of a chain.
	maxChain = 64
	// worthSharing is how many elements two chains have that are joined only to read an operand once.
	worthSharing = 2048
	// alone is how long a run may be whose sum is the only result: one core folds it.
	alone = 1 << 14
)

// newFuser makes every node of g a group, but for views.
func newFuser(g *graph.Graph) *fuser {
	f := &fuser{graph: g, place: map[*graph.Node]int{}, of: map[*graph.Node]*group{}, readers: map[*graph.Value][]*graph.Node{}, outputs: map[*graph.Value]bool{}}
	for i, n := range g.Nodes {
		f.place[n] = i
		if isView(n) {
			if p := f.producer(n.Outputs[0]); p != nil {
				p.views = append(p.views, n)
			} else {
				f.views = append(f.views, n)
			}
			continue
		}
		gr := &group{nodes: []*graph.Node{n}}
		f.of[n] = gr
		for _, v := range n.Inputs {
			if p := f.producer(v); p != nil && !slices.Contains(gr.from, p) {
				gr.from = append(gr.from, p)
			}
			if r := base(v); r != nil && !slices.Contains(f.readers[r], n) {
				f.readers[r] = append(f.readers[r], n)
			}
		}
	}
	for _, v := range g.Outputs {
		f.outputs[base(v)] = true
	}
	return f
}

func (f *fuser) fuse() {
	f.chains()
	f.share()
	f.finish()
}

// wanted reports whether the caller or another group than gr reads v, which is no view.
func (f *fuser) wanted(v *graph.Value, gr *group) bool {
	return f.outputs[v] || slices.ContainsFunc(f.readers[v], func(n *graph.Node) bool { return f.of[n] != gr })
}

// base is the value whose memory v shows, perhaps under another shape.
func base(v *graph.Value) *graph.Value {
	for v != nil && v.Producer != nil && isView(v.Producer) {
		v = v.Producer.Inputs[0]
	}
	return v
}

// chains joins element-wise nodes to those that make their operands, and reductions to the chains that they fold.
func (f *fuser) chains() {
	for _, n := range f.graph.Nodes {
		gr := f.of[n]
		if gr == nil {
			continue
		}
		if chainable(n) {
			gr.size = dims(n.Outputs[0]).Size()
			for _, v := range n.Inputs {
				p := f.producer(v)
				if p != nil && p.size == gr.size && dims(v).Size() == gr.size && f.join(p, gr) {
					gr = p
				}
			}
			continue
		}
		p := f.producer(n.Input(0))
		if p == nil || p.size == 0 {
			continue
		}
		if fold, run := kernel.FoldOf(n); fold != nil && dims(n.Inputs[0]).Size() == p.size && (run < p.size || run <= alone) {
			gr.size, gr.run, gr.folds = p.size, run, []*graph.Node{n}
			if !f.join(p, gr) {
				gr.size, gr.run, gr.folds = 0, 0, nil
			}
		}
	}
}

// share joins chains that read the same operands.
func (f *fuser) share() {
	for _, n := range f.graph.Nodes {
		for _, v := range n.Outputs {
			f.shareReaders(v)
		}
	}
	for _, v := range f.graph.Inputs {
		f.shareReaders(v)
	}
}

func (f *fuser) shareReaders(v *graph.Value) {
	if v == nil || dims(v).Size() < worthSharing {
		return
	}
	var first *group
	for _, n := range f.readers[v] {
		gr := f.of[n]
		if gr.size != dims(v).Size() || gr == first {
			continue
		}
		if first == nil || !f.join(first, gr) {
			first = gr
		}
	}
}

// finish lets chains go on with products.
func (f *fuser) finish() {
	for _, n := range f.graph.Nodes {
		if f.of[n] == nil || !kernel.Finishes(n) {
			continue
		}
		p, y := f.of[n], n.Outputs[0]
		for _, r := range f.readers[y] {
			gr := f.of[r]
			if gr.size == 0 || gr.size != dims(y).Size() || gr.product != nil {
				continue
			}
			p.size, p.product = gr.size, n
			if f.join(p, gr) {
				break
			}
			p.size, p.product = 0, nil
		}
	}
}

func dims(v *graph.Value) tensor.Shape {
	d, _ := v.Shape.Known()
	return d
}

// chainable reports whether n can be an instruction of a chain.
func chainable(n *graph.Node) bool {
	l := kernel.LoopOf(n)
	if l == nil || dims(n.Outputs[0]).Size() == 0 {
		return false
	}
	for _, v := range n.Inputs[:l.Arity()] {
		if _, ok := tile.AccessOf(dims(v), dims(n.Outputs[0])); !ok {
			return false
		}
	}
	return true
}

// producer is the group that makes v, or nil.
func (f *fuser) producer(v *graph.Value) *group {
	if v = base(v); v == nil || v.Producer == nil {
		return nil
	}
	return f.of[v.Producer]
}

// join makes one group of two, with the nodes of both in a, and reports whether that was possible.
func (f *fuser) join(a, b *group) bool {
	switch {
	case a == b:
		return true
	case len(a.nodes)+len(b.nodes) > maxChain, len(a.folds)+len(b.folds) > tile.MaxFolds:
		return false
	case a.run > 0 && b.run > 0 && a.run != b.run:
		return false
	case (a.product != nil || b.product != nil) && a.run+b.run > 0: // a product's parts cut the runs
		return false
	case readsFolds(a, b) || readsFolds(b, a) || f.reaches(a, b) || f.reaches(b, a):
		return false
	}
	inOrder := func(x, y *graph.Node) int { return f.place[x] - f.place[y] }
	a.nodes, a.views = append(a.nodes, b.nodes...), append(a.views, b.views...)
	slices.SortFunc(a.nodes, inOrder)
	slices.SortFunc(a.views, inOrder)
	a.folds = append(a.folds, b.folds...)
	a.run = max(a.run, b.run)
	for _, n := range b.nodes {
		f.of[n] = a
	}
	for _, p := range b.from {
		if p = p.now(); p != a && p != b && !slices.Contains(a.from, p) {
			a.from = append(a.from, p)
		}
	}
	b.joined = a
	return true
}

// readsFolds reports whether a node of a reads what a fold of b gives, which is there only when b is done.
func readsFolds(a, b *group) bool {
	for _, n := range a.nodes {
		for _, v := range n.Inputs {
			if r := base(v); r != nil && r.Producer != nil && slices.Contains(b.folds, r.Producer) {
				return true
			}
		}
	}
	return false
}

// reaches reports whether b depends on a by way of a third group.
func (f *fuser) reaches(a, b *group) bool {
	f.round++
	b.seen = f.round
	f.stack = append(f.stack[:0], b)
	for len(f.stack) > 0 {
		gr := f.stack[len(f.stack)-1]
		f.stack = f.stack[:len(f.stack)-1]
		for _, from := range gr.from {
			p := from.now()
			if p == a && gr != b {
				return true
			}
			if p != a && p.seen != f.round {
				p.seen = f.round
				f.stack = append(f.stack, p)
			}
		}
	}
	return false
}

// order is the groups such that each comes after those that it reads from, and otherwise as in the graph.
func (f *fuser) order() []*group {
	f.round++
	var out []*group
	var visit func(gr *group)
	visit = func(gr *group) {
		if gr.seen == f.round {
			return
		}
		gr.seen = f.round
		for _, p := range gr.from {
			visit(p.now())
		}
		out = append(out, gr)
	}
	for _, n := range f.graph.Nodes {
		if gr := f.of[n]; gr != nil && gr.nodes[len(gr.nodes)-1] == n {
			visit(gr)
		}
	}
	return out
}
