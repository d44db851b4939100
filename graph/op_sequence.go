package graph

import (
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	row := func(name string, inputs [2]int, infer func(n *Node) error) *Op {
		return &Op{Name: name, Inputs: inputs, Outputs: [2]int{1, 1}, Lists: true, Infer: infer}
	}
	register(
		row("SequenceEmpty", [2]int{0, 0}, func(n *Node) error {
			y := n.Outputs[0]
			y.Kind, y.DType, y.Shape = tensor.Sequence, tensor.DType(n.Int("dtype", int(tensor.Float32))), nil
			if !y.DType.Valid() {
				return fmt.Errorf("a sequence of %v: %w", y.DType, ErrUnsupported)
			}
			return nil
		}),
		row("SequenceConstruct", [2]int{1, -1}, func(n *Node) error {
			y := n.Outputs[0]
			y.Kind, y.DType, y.Shape = tensor.Sequence, n.Inputs[0].DType, n.Inputs[0].Shape
			for _, x := range n.Inputs {
				if x.Kind != tensor.Dense || x.DType != y.DType {
					return fmt.Errorf("entries must be tensors of one type")
				}
				y.Shape = common(y.Shape, x.Shape)
			}
			return nil
		}),
		row("SequenceInsert", [2]int{2, 3}, func(n *Node) error {
			s, x, y := n.Inputs[0], n.Inputs[1], n.Outputs[0]
			if s.Kind != tensor.Sequence || x.Kind != tensor.Dense || x.DType != s.DType {
				return fmt.Errorf("a tensor is put into a sequence of its type")
			}
			y.Kind, y.DType, y.Shape = s.Kind, s.DType, common(s.Shape, x.Shape)
			return nil
		}),
		row("SequenceErase", [2]int{1, 2}, func(n *Node) error {
			if err := needs(n, tensor.Sequence); err != nil {
				return err
			}
			s, y := n.Inputs[0], n.Outputs[0]
			y.Kind, y.DType, y.Shape = s.Kind, s.DType, s.Shape
			return nil
		}),
		row("SequenceAt", [2]int{2, 2}, func(n *Node) error {
			if err := needs(n, tensor.Sequence); err != nil {
				return err
			}
			y := n.Outputs[0]
			item := ItemOf(n.Inputs[0], y.Name)
			y.DType, y.Shape = item.DType, item.Shape
			return nil
		}),
		row("SequenceLength", [2]int{1, 1}, func(n *Node) error {
			n.Outputs[0].DType, n.Outputs[0].Shape = tensor.Int64, Shape{}
			return needs(n, tensor.Sequence)
		}),
		row("SplitToSequence", [2]int{1, 2}, inferSplitToSequence),
		row("ConcatFromSequence", [2]int{1, 1}, inferConcatFromSequence),
		&Op{Name: "SequenceMap", Inputs: [2]int{1, -1}, Outputs: [2]int{1, -1}, Lists: true, Bodies: []string{"body"}, Infer: inferSequenceMap},
		row("Optional", [2]int{0, 1}, func(n *Node) error {
			x, y := n.Input(0), n.Outputs[0]
			if x == nil {
				like, ok := n.Attrs["type"].(*Value)
				if !ok {
					return fmt.Errorf("neither an element nor a type is given")
				}
				x = like
			}
			y.Kind, y.DType, y.Shape = tensor.Optional, x.DType, x.Shape
			if x.Kind == tensor.Sequence {
				y.Kind = tensor.OptionalSequence
			}
			return nil
		}),
		row("OptionalHasElement", [2]int{1, 1}, func(n *Node) error {
			n.Outputs[0].DType, n.Outputs[0].Shape = tensor.Bool, Shape{}
			return nil
		}),
		row("OptionalGetElement", [2]int{1, 1}, func(n *Node) error {
			x, y := n.Inputs[0], n.Outputs[0]
			y.DType, y.Shape = x.DType, x.Shape
			if x.Kind == tensor.OptionalSequence {
				y.Kind = tensor.Sequence
			}
			return nil
		}),
	)
}

func needs(n *Node, kind tensor.Kind) error {
	if x := n.Inputs[0]; x.Kind != kind {
		return fmt.Errorf("the input is %v and must be a %v", x, kind)
	}
	return nil
}

// varying is the extent, in the shape of a sequence's tensors, that differs among them.
var varying = Sym("?")

// common is the shape of the tensors of a sequence that has tensors of both shapes.
func common(a, b Shape) Shape {
	if a == nil || b == nil || len(a) != len(b) {
		return nil
	}
	out := slices.Clone(a)
	for i := range out {
		if !a[i].Equal(b[i]) {
			out[i] = varying
		}
	}
	return out
}

// ItemOf is a value of the type of a tensor in a sequence, called name; of what is no sequence, of v's own type.
func ItemOf(v *Value, name string) *Value {
	y := &Value{Name: name, DType: v.DType, Kind: v.Kind, Shape: slices.Clone(v.Shape)}
	if v.Kind != tensor.Sequence {
		return y
	}
	y.Kind = tensor.Dense
	for i, d := range y.Shape {
		if d.Equal(varying) {
			y.Shape[i] = freshDim(y, i)
		}
	}
	return y
}

// SplitToSequence cuts along an axis: into parts of the extents that input 1 holds, into parts of one extent (the last may be
// smaller), or, without it, into single entries, whose axis keepdims = 0 drops.
func inferSplitToSequence(n *Node) error {
	x, y := n.Inputs[0], n.Outputs[0]
	if x.Kind != tensor.Dense {
		return fmt.Errorf("the input must be a tensor")
	}
	y.Kind, y.DType, y.Shape = tensor.Sequence, x.DType, slices.Clone(x.Shape)
	if x.Shape == nil {
		return nil
	}
	at, err := axis(n.Int("axis", 0), len(x.Shape))
	if err != nil {
		return err
	}
	sizes := n.Input(1)
	switch {
	case sizes != nil:
		y.Shape[at] = varying
	case n.Int("keepdims", 1) != 0:
		y.Shape[at] = N(1)
	default:
		y.Shape = slices.Delete(y.Shape, at, at+1)
	}
	return nil
}

func inferConcatFromSequence(n *Node) error {
	if err := needs(n, tensor.Sequence); err != nil {
		return err
	}
	y := n.Outputs[0]
	item := ItemOf(n.Inputs[0], y.Name)
	y.DType, y.Shape = item.DType, item.Shape
	if y.Shape == nil {
		return nil
	}
	rank := len(y.Shape)
	if n.Int("new_axis", 0) != 0 {
		rank++
	}
	at, err := axis(n.Int("axis", 0), rank)
	if err != nil {
		return err
	}
	if rank > len(y.Shape) {
		y.Shape = slices.Insert(y.Shape, at, Dim{})
	}
	y.Shape[at] = freshDim(y, at)
	return nil
}

// SequenceMap gives what its body gives for each entry of the first sequence.
func inferSequenceMap(n *Node) error {
	own, body := n.Own(), n.Bodies()[0]
	if len(own) < 1 || own[0] == nil || own[0].Kind != tensor.Sequence || len(body.Inputs) != len(own) || len(n.Outputs) > len(body.Outputs) {
		return fmt.Errorf("a sequence, and a body that takes an entry of each input, must be given")
	}
	b := binding{}
	if err := b.outer(n, 0); err != nil {
		return err
	}
	for i, v := range own {
		if v == nil {
			return fmt.Errorf("input %d is left out", i)
		}
		if err := b.bind(body.Inputs[i], ItemOf(v, body.Inputs[i].Name), func(axis int) bool {
			return v.Kind != tensor.Sequence || v.Shape != nil && !v.Shape[axis].Equal(varying)
		}); err != nil {
			return err
		}
	}
	for i, y := range n.Outputs {
		v := body.Outputs[i]
		if v.Kind != tensor.Dense {
			return fmt.Errorf("output %d of the body is no tensor", i)
		}
		y.Kind, y.DType, y.Shape = tensor.Sequence, v.DType, slices.Clone(v.Shape)
		for k, d := range y.Shape {
			var ok bool
			if y.Shape[k], ok = d.substitute(b); !ok {
				y.Shape[k] = varying
			}
		}
	}
	return nil
}
