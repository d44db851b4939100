package graph

import (
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/tensor"
)

// maxUnfoldedRuns and maxUnfoldedNodes bound what a node with bodies is written out to.
const maxUnfoldedRuns, maxUnfoldedNodes = 512, 1 << 14

// Unfold writes a node with bodies out where what decides is known beforehand: the branch that an If takes, the runs of a
// Loop or Scan one after the other. It appends the nodes to g and returns the values that stand for n's outputs. ok is
// false, and g as it was, where only a run can decide, or where the nodes would be too many. n need not be among g's nodes,
// but has its types.
func Unfold(g *Graph, n *Node) (outputs []*Value, ok bool, err error) {
	if g.err != nil {
		return nil, false, g.err
	}
	u := unfolding{g: g, left: maxUnfoldedNodes}
	before := len(g.Nodes)
	outputs, ok, err = u.node(n)
	if err == nil {
		err = g.err
	}
	if err != nil || !ok {
		g.err = nil
		u.drop(before)
	}
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", describe(n), err)
	}
	return outputs, ok, nil
}

// titleOf is the node's name, or that of an output where it has none.
func titleOf(n *Node) string {
	for _, v := range n.Outputs {
		if n.Name == "" && v != nil {
			return v.Name
		}
	}
	return n.Name
}

// unfolding writes bodies into g.
type unfolding struct {
	g    *Graph
	left int // nodes that may still be written
}

// drop takes the nodes from place from on out again.
func (u *unfolding) drop(from int) {
	g := u.g
	for _, m := range g.Nodes[from:] {
		for _, v := range m.Outputs {
			g.forget(v)
		}
	}
	clear(g.Nodes[from:])
	g.Nodes = g.Nodes[:from]
}

// spend counts the nodes of one run of a body, and of what stacks its results; false when they are too many.
func (u *unfolding) spend(body *Graph) bool {
	u.left -= 2 + len(body.Nodes) + len(body.Outputs)
	return u.left >= 0
}

func (u *unfolding) node(n *Node) (outputs []*Value, ok bool, err error) {
	switch n.Op {
	case "If":
		return u.branch(n)
	case "Loop":
		return u.loop(n)
	case "Scan":
		return u.scan(n)
	}
	return nil, false, nil
}

func (u *unfolding) branch(n *Node) ([]*Value, bool, error) {
	taken, known := boolOf(n.Inputs[0])
	if !known {
		return nil, false, nil
	}
	i := 0
	if taken {
		i = 1
	}
	body := n.Bodies()[i]
	if !u.spend(body) {
		return nil, false, nil
	}
	out, err := u.splice(body, n.captured(i), titleOf(n))
	if err != nil {
		return nil, false, err
	}
	return out[:len(n.Outputs)], true, nil
}

func (u *unfolding) loop(n *Node) ([]*Value, bool, error) {
	g, own, body := u.g, n.Own(), n.Bodies()[0]
	most := maxUnfoldedRuns + 1
	if own[0] != nil {
		m, known := intOf(own[0])
		if !known {
			return nil, false, nil
		}
		most = min(m, most)
	}
	going, known := true, true
	if own[1] != nil {
		going, known = boolOf(own[1])
	}
	if !known {
		return nil, false, nil
	}
	carried := slices.Clone(own[2:])
	stacked := make([][]*Value, len(body.Outputs)-1-len(carried))
	for k := 0; going && k < most; k++ {
		if k == maxUnfoldedRuns || !u.spend(body) {
			return nil, false, nil
		}
		args := slices.Concat([]*Value{g.Const(tensor.Scalar(int64(k))), g.Const(tensor.Scalar(true))}, carried, n.captured(0))
		out, err := u.splice(body, args, fmt.Sprintf("%s/%d", titleOf(n), k))
		if err != nil {
			return nil, false, err
		}
		if going, known = boolOf(out[0]); !known {
			return nil, false, nil
		}
		copy(carried, out[1:])
		for i := range stacked {
			stacked[i] = append(stacked[i], out[1+len(carried)+i])
		}
	}
	outputs := carried
	for i, list := range stacked {
		y, ok := u.stack(list, body.Outputs[1+len(carried)+i], 0)
		if !ok {
			return nil, false, nil
		}
		outputs = append(outputs, y)
	}
	return outputs[:len(n.Outputs)], true, nil
}

func (u *unfolding) scan(n *Node) ([]*Value, bool, error) {
	g, own, body := u.g, n.Own(), n.Bodies()[0]
	s, err := ScanOf(n)
	if err != nil {
		return nil, false, err
	}
	steps, known := s.Steps.Known()
	if !known || steps > maxUnfoldedRuns {
		return nil, false, nil
	}
	carried := slices.Clone(own[:s.Carried])
	stacked := make([][]*Value, len(body.Outputs)-len(carried))
	for k := range steps {
		if !u.spend(body) {
			return nil, false, nil
		}
		args := slices.Clone(carried)
		for i, x := range own[s.Carried:] {
			at := k
			if s.InBack[i] != 0 {
				at = steps - 1 - k
			}
			args = append(args, g.entry(x, s.InAxes[i], at, steps))
		}
		out, err := u.splice(body, append(args, n.captured(0)...), fmt.Sprintf("%s/%d", titleOf(n), k))
		if err != nil {
			return nil, false, err
		}
		copy(carried, out)
		for i := range stacked {
			stacked[i] = append(stacked[i], out[len(carried)+i])
		}
	}
	outputs := carried
	for i, list := range stacked {
		if s.OutBack[i] != 0 {
			slices.Reverse(list)
		}
		y, ok := u.stack(list, body.Outputs[s.Carried+i], s.OutAxes[i])
		if !ok {
			return nil, false, nil
		}
		outputs = append(outputs, y)
	}
	return outputs[:len(n.Outputs)], true, nil
}

// entry is one of n entries of x along an axis; of what was stacked from entries, the entry that was.
func (g *Graph) entry(x *Value, axis, at, n int) *Value {
	part := x
	if p := x.Producer; p != nil && p.Op == "Concat" && len(p.Inputs) == n && p.Int("axis", -1) == axis {
		part = p.Inputs[at]
	}
	if p := part.Producer; p != nil && p.Op == "Unsqueeze" && (part != x || n == 1) {
		if a, known := knownInts(p.Inputs[1]); known && len(a) == 1 && a[0] == axis {
			return p.Inputs[0]
		}
	}
	return g.Gather(x, g.Const(tensor.Scalar(int64(at))), axis)
}

// stack lays values along a new axis; of none, the empty tensor that like tells the type and shape of.
func (u *unfolding) stack(list []*Value, like *Value, axis int) (*Value, bool) {
	g := u.g
	if len(list) == 0 {
		dims, known := like.Shape.Known()
		if !known {
			return nil, false
		}
		if axis < 0 {
			axis += len(dims) + 1
		}
		return g.Const(tensor.New(like.DType, slices.Insert(dims, axis, 0)...)), true
	}
	if list[0].Shape == nil {
		return nil, false
	}
	if axis < 0 {
		axis += len(list[0].Shape) + 1
	}
	parts := make([]*Value, len(list))
	for i, v := range list {
		parts[i] = g.Unsqueeze(v, axis)
	}
	if len(parts) == 1 {
		return parts[0], true
	}
	return g.Concat(axis, parts...), true
}

// splice writes the nodes of a body, with args for its inputs and then its outer values, and returns its outputs. Names of
// nodes start with prefix.
func (u *unfolding) splice(body *Graph, args []*Value, prefix string) ([]*Value, error) {
	g := u.g
	at := map[*Value]*Value{}
	for i, v := range slices.Concat(body.Inputs, body.Outer) {
		at[v] = args[i]
	}
	place := func(v *Value) *Value {
		if v != nil && at[v] == nil && v.Data != nil {
			at[v] = g.Const(v.Data)
		}
		return at[v]
	}
	for _, n := range body.Nodes {
		m := *n
		m.Name, m.Attrs = prefix+"/"+titleOf(n), n.Attrs.clone()
		m.Inputs, m.Outputs = make([]*Value, len(n.Inputs)), make([]*Value, len(n.Outputs))
		for i, v := range n.Inputs {
			m.Inputs[i] = place(v)
		}
		if n.Op == "Identity" && n.Domain == "" {
			at[n.Outputs[0]] = m.Inputs[0]
			continue
		}
		before := len(g.Nodes)
		outputs, ok, err := u.node(&m)
		if err != nil {
			return nil, err
		}
		if !ok {
			u.drop(before)
		} else {
			for i, v := range n.Outputs {
				at[v] = outputs[i]
			}
			continue
		}
		for i, v := range n.Outputs {
			if v == nil {
				continue
			}
			w := &Value{Name: g.freeName(prefix + "/" + v.Name), DType: v.DType, Producer: &m, Doc: v.Doc}
			if err := g.Register(w); err != nil {
				return nil, err
			}
			if m.Outputs[i], at[v] = w, w; i == 0 {
				m.Name = w.Name // no other node's
			}
		}
		g.Nodes = append(g.Nodes, &m)
		if err := InferNode(&m); err != nil {
			return nil, err
		}
	}
	out := make([]*Value, len(body.Outputs))
	for i, v := range body.Outputs {
		out[i] = place(v)
	}
	return out, g.err
}
