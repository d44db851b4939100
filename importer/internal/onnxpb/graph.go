package onnxpb

import "google.golang.org/protobuf/encoding/protowire"

// Graph is GraphProto.
type Graph struct {
	Fields
	Nodes        []*Node
	Name         string
	Initializers []*Tensor
	Doc          string
	Inputs       []*ValueInfo
	Outputs      []*ValueInfo
	Values       []*ValueInfo
	Sparse       []*SparseTensor // sparse initializers
}

func (g *Graph) field(d *decoder, num protowire.Number, w wire) (bool, error) {
	switch num {
	case 1:
		return d.node(w, &g.Nodes)
	case 2:
		return d.name(w, &g.Name)
	case 5:
		return d.tensor(w, &g.Initializers)
	case 10:
		return d.str(w, &g.Doc)
	case 11:
		return d.value(w, &g.Inputs)
	case 12:
		return d.value(w, &g.Outputs)
	case 13:
		return d.value(w, &g.Values)
	case 15:
		return d.sparse(w, &g.Sparse)
	}
	return false, nil
}

func (g *Graph) encode(e *Buffer) {
	messages(e, 1, g.Nodes)
	e.str(&g.Fields, 2, g.Name)
	messages(e, 5, g.Initializers)
	e.str(&g.Fields, 10, g.Doc)
	messages(e, 11, g.Inputs)
	messages(e, 12, g.Outputs)
	messages(e, 13, g.Values)
	messages(e, 15, g.Sparse)
}

// Node is NodeProto.
type Node struct {
	Fields
	Inputs, Outputs            []string
	Name, Op, Domain, Overload string
	Attributes                 []*Attribute
	Doc                        string
}

func (n *Node) field(d *decoder, num protowire.Number, w wire) (bool, error) {
	switch num {
	case 1:
		return d.names(w, &n.Inputs, d.limits.Edges)
	case 2:
		return d.names(w, &n.Outputs, d.limits.Edges)
	case 3:
		return d.name(w, &n.Name)
	case 4:
		return d.name(w, &n.Op)
	case 5:
		ok, err := more(d, w, &n.Attributes)
		if err == nil {
			err = Over("attributes of a node", len(n.Attributes), d.limits.Edges)
		}
		return ok, err
	case 6:
		return d.str(w, &n.Doc)
	case 7:
		return d.name(w, &n.Domain)
	case 8:
		return d.name(w, &n.Overload)
	}
	return false, nil
}

func (n *Node) encode(e *Buffer) {
	e.strs(1, n.Inputs)
	e.strs(2, n.Outputs)
	e.str(&n.Fields, 3, n.Name)
	e.str(&n.Fields, 4, n.Op)
	messages(e, 5, n.Attributes)
	e.str(&n.Fields, 6, n.Doc)
	e.str(&n.Fields, 7, n.Domain)
	e.str(&n.Fields, 8, n.Overload)
}
