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
	cores   kernel.Cores

	places map[*graph.Value]*storage
	inputs []*storage
	// direct[i] is the storage that is output i's own tensor, or nil where the output is copied from another's.
	direct []*storage
	arena  int // bytes

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

func newPlan(g *graph.Graph, shapes []tensor.Shape, cores kernel.Cores) (*plan, error) {
	s, err := specialise(g, shapes)
	if err != nil {
		return nil, err
	}
	p := &plan{graph: s, cores: cores, places: map[*graph.Value]*storage{}}
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
	p.layOut()
	return p, nil
}

// layOut decides where every value lives.
func (p *plan) layOut() {
	for i, v := range p.graph.Inputs {
		st := &storage{kind: inInput, index: i}
		p.inputs = append(p.inputs, st)
		p.places[v] = st
	}
	last := p.lastUses()
	var spans []*span
	for i, n := range p.graph.Nodes {
		for _, v := range n.Inputs {
			p.constant(v)
		}
		for k, v := range n.Outputs {
			if v == nil {
				continue
			}
			if st := p.shared(n, k, i, last); st != nil {
				p.places[v] = st
				st.span.last = max(st.span.last, last[v])
				continue
			}
			st := &storage{span: span{size: bytes(v), first: i, last: max(i, last[v])}}
			p.places[v] = st
			spans = append(spans, &st.span)
		}
	}
	p.direct = make([]*storage, len(p.graph.Outputs))
	for i, v := range p.graph.Outputs {
		p.constant(v)
		if st := p.places[v]; st.kind == inArena && st.span.size == bytes(v) {
			st.kind, st.index = inOutput, i
			p.direct[i] = st
			spans = slices.DeleteFunc(spans, func(s *span) bool { return s == &st.span })
		}
	}
	p.arena = place(spans)
}

// lastUses are the last steps that read each value; outputs are read after the last.
func (p *plan) lastUses() map[*graph.Value]int {
	last := map[*graph.Value]int{}
	for i, n := range p.graph.Nodes {
		for _, v := range n.Inputs {
			last[v] = i
		}
	}
	for _, v := range p.graph.Outputs {
		last[v] = len(p.graph.Nodes)
	}
	return last
}

// shared is the storage of an input that output k of n, the plan's step i, can live in, or nil.
func (p *plan) shared(n *graph.Node, k, i int, last map[*graph.Value]int) *storage {
	if k != 0 {
		return nil
	}
	if isView(n) {
		return p.places[n.Inputs[0]]
	}
	out := n.Outputs[0]
	for _, k := range kernel.Lookup(n.Op).InPlace {
		v := n.Input(k)
		if v == nil || v.DType != out.DType || !v.Shape.Equal(out.Shape) {
			continue
		}
		st := p.places[v]
		if st.kind == inArena && st.span.last == i && p.onlyAt(st, n, out) {
			return st
		}
	}
	return nil
}

// isView reports whether n only shows its first input under another shape.
func isView(n *graph.Node) bool {
	return kernel.Lookup(n.Op).View && n.Outputs[0] != nil && n.Output(1) == nil
}

// onlyAt reports whether every input of n that lives in st has out's shape: written over, it is read at the index written.
func (p *plan) onlyAt(st *storage, n *graph.Node, out *graph.Value) bool {
	for _, v := range n.Inputs {
		if v != nil && p.places[v] == st && !v.Shape.Equal(out.Shape) {
			return false
		}
	}
	return true
}

func (p *plan) constant(v *graph.Value) {
	if v != nil && v.Data != nil && p.places[v] == nil {
		p.places[v] = &storage{kind: inConstant, data: aligned(v.Data)}
	}
}

func bytes(v *graph.Value) int {
	dims, _ := v.Shape.Known()
	return tensor.Shape(dims).Size() * v.DType.Size()
}

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
