package native

import (
	"fmt"
	"slices"
	"sync"
	"unsafe"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/kernel"
	"github.com/elbo-ml/elbo/tensor"
)

// plan is a graph made ready for one set of input shapes. It is read-only once made, but for the free workspaces.
type plan struct {
	shapes  []tensor.Shape // of the inputs
	outputs []tensor.Shape
	graph   *graph.Graph
	steps   []*step
	cores   kernel.Cores
	weights *kernel.Weights // of the program

	places map[*graph.Value]*storage
	inputs []*storage
	// direct[i] is the storage that is output i's own tensor, or nil where the output is copied from another's.
	direct []*storage
	arena  int // bytes
	works  works

	mu   sync.Mutex
	free []*workspace
}

// storage is the memory of one or more values: a node's output and the views of it, and what was computed over it.
type storage struct {
	kind  storageKind
	index int            // input or output number
	data  *tensor.Tensor // of a constant
	span  span
}

type storageKind uint8

const (
	inArena storageKind = iota
	inConstant
	inInput
	inOutput
)

func newPlan(g *graph.Graph, shapes []tensor.Shape, cores kernel.Cores, weights *kernel.Weights, plain bool) (*plan, error) {
	s, err := specialise(g, shapes)
	if err != nil {
		return nil, err
	}
	p := &plan{graph: s, cores: cores, weights: weights, places: map[*graph.Value]*storage{}}
	for _, shape := range shapes {
		p.shapes = append(p.shapes, slices.Clone(shape))
	}
	for _, v := range s.Outputs {
		dims, ok := v.Shape.Known()
		if !ok {
			return nil, fmt.Errorf("native: plan: output %q has the shape %v: %w", v.Name, v.Shape, graph.ErrUnsupported)
		}
		p.outputs = append(p.outputs, dims)
	}
	p.layOut(p.makeSteps(plain))
	return p, nil
}

// makeSteps makes the plan's steps and returns the views of its inputs and constants.
func (p *plan) makeSteps(plain bool) []*graph.Node {
	f := newFuser(p.graph)
	if !plain {
		f.fuse()
	}
	for _, gr := range f.order() {
		p.steps = append(p.steps, newStep(gr, f.wanted))
	}
	return f.views
}

// layOut decides where every value lives. views are those of inputs and constants.
func (p *plan) layOut(views []*graph.Node) {
	for i, v := range p.graph.Inputs {
		st := &storage{kind: inInput, index: i}
		p.inputs = append(p.inputs, st)
		p.places[v] = st
	}
	l := &layout{plan: p, last: p.lastUses()}
	l.show(views)
	for i, s := range p.steps {
		for _, n := range s.nodes {
			for _, v := range n.Inputs {
				p.constant(v)
			}
		}
		if s.kernel != nil {
			l.kernel(s, i)
			l.show(s.views) // the chain may read the product under another shape
		}
		for _, v := range s.results {
			l.result(s, v, i)
		}
		l.show(s.views)
	}
	p.direct = make([]*storage, len(p.graph.Outputs))
	for i, v := range p.graph.Outputs {
		p.constant(v)
		if st := p.places[v]; st.kind == inArena && st.span.size == bytes(v) {
			st.kind, st.index = inOutput, i
			p.direct[i] = st
			l.spans = slices.DeleteFunc(l.spans, func(s *span) bool { return s == &st.span })
		}
	}
	p.arena = place(l.spans)
}

// lastUses are the last steps that read each value, under any of its shapes; outputs are read after the last.
func (p *plan) lastUses() map[*graph.Value]int {
	last := map[*graph.Value]int{}
	for i, s := range p.steps {
		for _, n := range s.nodes {
			for _, v := range n.Inputs {
				last[base(v)] = i
			}
		}
	}
	for _, v := range p.graph.Outputs {
		last[base(v)] = len(p.steps)
	}
	return last
}

// isView reports whether n only shows its first input under another shape.
func isView(n *graph.Node) bool {
	return kernel.Lookup(n.Op).View && n.Outputs[0] != nil && n.Output(1) == nil
}

func (p *plan) constant(v *graph.Value) {
	if v != nil && v.Data != nil && p.places[v] == nil {
		p.places[v] = &storage{kind: inConstant, data: aligned(v.Data)}
	}
}

func bytes(v *graph.Value) int { return dims(v).Size() * v.DType.Size() }

// aligned is t, copied when its memory does not start where its elements may: a slice of a mapped file need not.
func aligned(t *tensor.Tensor) *tensor.Tensor {
	if isAligned(t) {
		return t
	}
	return t.Clone()
}

func isAligned(t *tensor.Tensor) bool {
	b := t.Bytes()
	return len(b) == 0 || uintptr(unsafe.Pointer(&b[0]))%uintptr(t.DType().Size()) == 0
}
