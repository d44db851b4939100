package native

import (
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/kernel"
)

// layout gives the values of a plan their places, step by step.
type layout struct {
	*plan
	last  map[*graph.Value]int // the step that reads each value last
	spans []*span
}

// fresh is new memory for v, which step i gives.
func (l *layout) fresh(v *graph.Value, i int) {
	st := &storage{span: span{size: bytes(v), first: i, last: max(i, l.last[v])}}
	l.places[v] = st
	l.spans = append(l.spans, &st.span)
}

// over lets v live in st, where something was that nobody reads any more.
func (l *layout) over(st *storage, v *graph.Value) {
	l.places[v] = st
	st.span.last = max(st.span.last, l.last[v])
}

// show gives views the places of what they show. What stays within a chain has no place, and its views have none.
func (l *layout) show(views []*graph.Node) {
	for _, n := range views {
		l.constant(n.Inputs[0])
		if st := l.places[n.Inputs[0]]; st != nil {
			l.over(st, n.Outputs[0])
		}
	}
}

// kernel places the outputs of the node that step i runs by its kernel.
func (l *layout) kernel(s *step, i int) {
	for k, v := range s.kernel.Outputs {
		if v == nil {
			continue
		}
		if st := l.inPlace(s, k, i); st != nil {
			l.over(st, v)
		} else {
			l.fresh(v, i)
		}
	}
}

// inPlace is the storage of an input over which output k of step i's node can be written, or nil.
func (l *layout) inPlace(s *step, k, i int) *storage {
	if k != 0 || s.chain != nil {
		return nil
	}
	n := s.kernel
	out := n.Outputs[0]
	for _, k := range kernel.Lookup(n.Op).InPlace {
		v := n.Input(k)
		if v == nil || v.DType != out.DType || !v.Shape.Equal(out.Shape) {
			continue
		}
		if st := l.places[v]; st.kind == inArena && st.span.last == i && l.onlyAt(st, n, out) {
			return st
		}
	}
	return nil
}

// onlyAt reports whether every input of n that lives in st has out's shape: written over, it is read at the index written.
func (l *layout) onlyAt(st *storage, n *graph.Node, out *graph.Value) bool {
	return !slices.ContainsFunc(n.Inputs, func(v *graph.Value) bool {
		return v != nil && l.places[v] == st && !v.Shape.Equal(out.Shape)
	})
}

// result places what step i's chain gives: over an operand that nobody reads any more, where there is one.
func (l *layout) result(s *step, v *graph.Value, i int) {
	for _, w := range s.operands {
		if st := l.places[w]; st.kind == inArena && st.span.last == i && bytes(w) == bytes(v) && l.mayWrite(s, st, v) {
			l.over(st, v)
			return
		}
	}
	l.fresh(v, i)
}

// mayWrite reports whether s's chain may write result v over st: every operand there is read at the index written, and not
// after it has been written; and the product before it does not read there. (Another result that took st has kept it in use.)
func (l *layout) mayWrite(s *step, st *storage, v *graph.Value) bool {
	number, made := s.numbers[v]
	if !made { // a fold's
		return false
	}
	for k, w := range s.operands {
		if l.places[w] == st && (!s.chain.AccessOf(k).Direct(dims(v).Size()) || s.chain.LastRead(k) > s.chain.Written(number)) {
			return false
		}
	}
	return s.kernel == nil || !slices.ContainsFunc(s.kernel.Inputs, func(w *graph.Value) bool { return w != nil && l.places[w] == st })
}
