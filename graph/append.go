package graph

import (
	"fmt"
	"slices"
)

// Append writes the nodes of src into dst, so that models join: a decoder on the sample that an encoder gives.
//
// bind maps inputs of src to values of dst; the other inputs of src become inputs of dst. The names of src's weights,
// inputs and nodes get the prefix ("decoder/"). Weights share their tensors with src, and one that dst already holds
// under its name with the same tensor is used again, so that a part may be appended twice. Types and shapes are
// inferred anew. The result maps each value of src to its place in dst.
func Append(dst, src *Graph, bind map[*Value]*Value, prefix string) (map[*Value]*Value, error) {
	at := map[*Value]*Value{}
	for _, v := range src.Inputs {
		w := bind[v]
		if w == nil {
			w = dst.InputOf(v.DType, prefix+v.Name, slices.Clone(v.Shape))
		} else if err := fits(v, w); err != nil {
			return nil, fmt.Errorf("graph: append %s: %w", src.Name, err)
		}
		at[v] = w
	}
	place := func(v *Value) *Value {
		if v == nil {
			return nil
		}
		if at[v] == nil {
			switch {
			case v.Constant:
				at[v] = dst.Const(v.Data)
			case v.IsWeight():
				at[v] = dst.shareWeight(prefix+v.Name, v)
			}
		}
		return at[v]
	}
	for _, w := range src.Weights {
		place(w)
	}
	taken := map[string]bool{}
	for _, n := range dst.Nodes {
		taken[n.Name] = true
	}
	for _, n := range src.Nodes {
		m := *n
		m.Name, m.Attrs = ownName(prefix+n.Name, taken), n.Attrs.clone()
		m.Inputs, m.Outputs = make([]*Value, len(n.Inputs)), make([]*Value, len(n.Outputs))
		for i, v := range n.Inputs {
			if m.Inputs[i] = place(v); v != nil && m.Inputs[i] == nil {
				return nil, fmt.Errorf("graph: append %s: node %q reads %q before it is computed", src.Name, n.Name, v.Name)
			}
		}
		for i, v := range n.Outputs {
			if v == nil {
				continue
			}
			w := &Value{Name: prefix + v.Name, DType: v.DType, Producer: &m, Doc: v.Doc}
			if dst.names[w.Name] != nil {
				w.Name = dst.Fresh(w.Name)
			}
			dst.Fail(dst.Register(w))
			m.Outputs[i], at[v] = w, w
		}
		dst.Nodes = append(dst.Nodes, &m)
		if dst.err == nil {
			dst.Fail(InferNode(&m))
		}
	}
	for _, v := range src.Outputs {
		place(v)
	}
	return at, dst.err
}

// ownName is name, or one that begins with it and is not taken: ONNX Runtime wants nodes of different names, also of a part
// that is appended twice. It is taken from then on; nodes need not have a name.
func ownName(name string, taken map[string]bool) string {
	own := name
	for i := 2; taken[own] && name != ""; i++ {
		own = fmt.Sprintf("%s_%d", name, i)
	}
	taken[own] = true
	return own
}

func (g *Graph) shareWeight(name string, v *Value) *Value {
	if w := g.names[name]; w != nil && w.Data == v.Data {
		return w
	}
	w := &Value{Name: name, DType: v.DType, Shape: v.Shape, Data: v.Data, Ints: v.Ints, Doc: v.Doc}
	g.Fail(g.Register(w))
	g.Weights = append(g.Weights, w)
	return w
}

// fits reports an error when w cannot stand for the input v.
func fits(v, w *Value) error {
	if v.DType != w.DType || len(v.Shape) != len(w.Shape) {
		return fmt.Errorf("input %v cannot be %v", v, w)
	}
	for i, d := range v.Shape {
		_, fixed := d.Known()
		if fixed && differ(d, w.Shape[i]) {
			return fmt.Errorf("input %v cannot be %v: they differ in axis %d", v, w, i)
		}
	}
	return nil
}

// WeightsToInputs turns weights into inputs, after the inputs that g has and in the given order: so a step program
// takes the parameters that an optimiser updates between runs. The values no longer hold their tensors.
func (g *Graph) WeightsToInputs(weights ...*Value) error {
	for _, w := range slices.Clone(weights) { // who passes g.Weights itself means all of them
		i := slices.Index(g.Weights, w)
		if i < 0 {
			return fmt.Errorf("graph: weights to inputs: %q is not a weight of the graph", w.Name)
		}
		g.Weights = slices.Delete(g.Weights, i, i+1)
		w.Data, w.Ints = nil, nil
		g.Inputs = append(g.Inputs, w)
	}
	return nil
}
