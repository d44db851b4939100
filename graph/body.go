package graph

import (
	"fmt"

	"github.com/elbo-ml/elbo/tensor"
)

// Bodies are the graphs in the node's attributes, in the order of their names.
//
// A body is closed: what it reads of the graph around it stands in its Outer, and the node takes these values as inputs
// behind its own, those of its first body first. So whoever follows the inputs of nodes (order, pruning, cloning) need
// not look into bodies. ONNX lets a body read the names around it, which is how package importer reads and writes it. A
// body has no weights of its own, and is not changed once a node has it.
func (n *Node) Bodies() []*Graph {
	op := Lookup(n.Domain, n.Op)
	if op == nil || len(op.Bodies) == 0 {
		return nil
	}
	bodies := make([]*Graph, 0, len(op.Bodies))
	for _, name := range op.Bodies {
		if g, ok := n.Attrs[name].(*Graph); ok {
			bodies = append(bodies, g)
		}
	}
	return bodies
}

// Reads makes v, a value of the graph around the body g, one that g reads, and returns it as g sees it. The node that g is
// given to takes v behind its own inputs.
func (g *Graph) Reads(v *Value) *Value {
	w := &Value{Name: v.Name, DType: v.DType, Kind: v.Kind, Shape: v.Shape, Ints: v.Ints}
	g.Fail(g.Register(w))
	g.Outer = append(g.Outer, w)
	return w
}

// Own are the node's inputs without those that stand there for its bodies.
func (n *Node) Own() []*Value {
	k := len(n.Inputs)
	for _, b := range n.Bodies() {
		k -= len(b.Outer)
	}
	return n.Inputs[:max(k, 0)]
}

// captured are the inputs that stand there for body i.
func (n *Node) captured(i int) []*Value {
	at := len(n.Own())
	bodies := n.Bodies()
	for _, b := range bodies[:i] {
		at += len(b.Outer)
	}
	return n.Inputs[at : at+len(bodies[i].Outer)]
}

// checkBodies checks that n has its bodies and a value for all that they read.
func checkBodies(op *Op, n *Node) error {
	need := 0
	for _, name := range op.Bodies {
		b, ok := n.Attrs[name].(*Graph)
		if !ok {
			return fmt.Errorf("graph: %s: there is no graph in the attribute %s", describe(n), name)
		}
		if len(b.Weights) > 0 {
			return fmt.Errorf("graph: %s: the graph in %s has weights of its own", describe(n), name)
		}
		need += len(b.Outer)
	}
	if need > len(n.Inputs) {
		return fmt.Errorf("graph: %s: %d inputs for the %d values that its bodies read", describe(n), len(n.Inputs), need)
	}
	for _, v := range n.Inputs[len(n.Inputs)-need:] {
		if v == nil {
			return fmt.Errorf("graph: %s: a value that its body reads is left out", describe(n))
		}
	}
	return nil
}

// binding is what the symbols of a body stand for where the body is used.
type binding map[string]Dim

// bind checks that actual can be fed to formal, a value of the body, and notes what formal's symbols stand for. steady
// tells which axes have the same extent in every run of the body; nil for all.
func (b binding) bind(formal, actual *Value, steady func(axis int) bool) error {
	if formal.DType != actual.DType || !takes(formal.Kind, actual.Kind) {
		return fmt.Errorf("the body takes %v and is given %v", formal, actual)
	}
	if formal.Shape != nil && actual.Shape != nil && !b.dims(formal.Shape, actual.Shape, steady) ||
		formal.Ints != nil && !b.dims(formal.Ints, actual.Ints, nil) {
		return fmt.Errorf("the body takes %v and is given %v", formal, actual)
	}
	return nil
}

// dims binds extents, or contents; false where they cannot be the same.
func (b binding) dims(formal, actual []Dim, steady func(i int) bool) bool {
	if len(formal) != len(actual) {
		return false
	}
	for i, d := range actual {
		f := formal[i]
		if n, known := f.Known(); known && !d.Is(n) {
			return false
		}
		if steady != nil && !steady(i) {
			continue
		}
		if name, ok := f.symbol(); ok {
			b.set(name, d)
		} else if f.Equal(d) {
			for _, t := range f.terms {
				for _, name := range t.atoms {
					b.set(name, Sym(name))
				}
			}
		}
	}
	return true
}

// takes reports whether a value of one kind can be fed where another is expected: an optional takes what is none.
func takes(formal, actual tensor.Kind) bool {
	return formal == actual || formal == tensor.Optional && actual == tensor.Dense || formal == tensor.OptionalSequence && actual == tensor.Sequence
}

// set notes that name stands for d. A number says more than a symbol.
func (b binding) set(name string, d Dim) {
	have, bound := b[name]
	_, isNumber := have.Known()
	if _, better := d.Known(); !bound || better && !isNumber {
		b[name] = d
	}
}

// outer binds what n's body i reads of the graph around it.
func (b binding) outer(n *Node, i int) error {
	actual := n.captured(i)
	for k, formal := range n.Bodies()[i].Outer {
		if err := b.bind(formal, actual[k], nil); err != nil {
			return err
		}
	}
	return nil
}

// shape is a shape of the body in the terms of the graph around it. An extent that only the body can tell is a symbol of
// its own, named after y.
func (b binding) shape(s Shape, y *Value) Shape {
	if s == nil {
		return nil
	}
	out := make(Shape, len(s))
	for i, d := range s {
		var ok bool
		if out[i], ok = d.substitute(b); !ok {
			out[i] = freshDim(y, i)
		}
	}
	return out
}

// tell is a shape of the body in the terms of the graph around it; false where only the body can tell an extent.
func (b binding) tell(s Shape) (Shape, bool) {
	out := make(Shape, len(s))
	for i, d := range s {
		var ok bool
		if out[i], ok = d.substitute(b); !ok {
			return nil, false
		}
	}
	return out, s != nil
}

// substitute is d with its symbols replaced; false where one has no replacement.
func (d Dim) substitute(b binding) (Dim, bool) {
	out := N(d.c)
	for _, t := range d.terms {
		p := N(t.coef)
		for _, a := range t.atoms {
			e, ok := b[a]
			if !ok {
				return Dim{}, false
			}
			p = p.Mul(e)
		}
		out = out.Add(p)
	}
	return out, true
}

// inferOpen is the shape rule of an operator on tensors whose rank only a run tells: the results' ranks are open too.
// Element types do not depend on ranks; they are those of the first ranks that the operator takes.
func inferOpen(op *Op) func(n *Node) error {
	return func(n *Node) error {
		given := n.Inputs
		defer func() { n.Inputs = given }()
		var first error
		for _, rank := range []int{2, 1, 3, 4, 0, 5} {
			n.Inputs = make([]*Value, len(given))
			for i, v := range given {
				if v != nil && v.Shape == nil {
					w := *v
					w.Shape = freshShape(&w, rank)
					v = &w
				}
				n.Inputs[i] = v
			}
			err := op.Infer(n)
			if err == nil {
				for _, y := range n.Outputs {
					y.Shape, y.Ints = nil, nil
				}
				return nil
			}
			if first == nil {
				first = err
			}
		}
		return first
	}
}

// boolOf is the content of a bool scalar where it is known.
func boolOf(v *Value) (b, known bool) {
	if v.Data != nil && v.DType == tensor.Bool && v.Data.Len() == 1 {
		return tensor.Data[uint8](v.Data)[0] != 0, true
	}
	if ints, ok := knownInts(v); ok && len(ints) == 1 {
		return ints[0] != 0, true
	}
	return false, false
}

// intOf is the content of an integer scalar where it is known.
func intOf(v *Value) (int, bool) {
	if ints, ok := knownInts(v); ok && len(ints) == 1 {
		return ints[0], true
	}
	return 0, false
}
