package native

import (
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/kernel"
	"github.com/elbo-ml/elbo/tensor"
)

// lists are the operators on sequences and optionals. They share the tensors that they hand on.
var lists = map[string]func(n *graph.Node, in []tensor.Value) ([]tensor.Value, error){
	"Identity":           func(_ *graph.Node, in []tensor.Value) ([]tensor.Value, error) { return in, nil },
	"Optional":           optionalOf,
	"OptionalHasElement": hasElement,
	"OptionalGetElement": getElement,
	"SequenceConstruct":  construct,
	"SequenceEmpty": func(n *graph.Node, _ []tensor.Value) ([]tensor.Value, error) {
		return sequenceOf(tensor.DType(n.Int("dtype", int(tensor.Float32))), nil), nil
	},
	"SequenceLength": func(_ *graph.Node, in []tensor.Value) ([]tensor.Value, error) {
		return []tensor.Value{tensor.ValueOf(tensor.Scalar(int64(len(in[0].Items))))}, nil
	},
	"SequenceAt":         sequenceAt,
	"SequenceInsert":     sequenceInsert,
	"SequenceErase":      sequenceErase,
	"SplitToSequence":    splitToSequence,
	"ConcatFromSequence": concatFromSequence,
}

func sequenceOf(dtype tensor.DType, items []*tensor.Tensor) []tensor.Value {
	return []tensor.Value{{Kind: tensor.Sequence, DType: dtype, Items: items}}
}

func construct(_ *graph.Node, in []tensor.Value) ([]tensor.Value, error) {
	items := make([]*tensor.Tensor, len(in))
	for i, v := range in {
		items[i] = v.Tensor
	}
	return sequenceOf(in[0].DType, items), nil
}

func optionalOf(n *graph.Node, in []tensor.Value) ([]tensor.Value, error) {
	if len(in) == 0 {
		y := n.Outputs[0]
		return []tensor.Value{{Kind: y.Kind, DType: y.DType, Empty: true}}, nil
	}
	v := in[0]
	v.Kind = tensor.Optional
	if in[0].Kind == tensor.Sequence {
		v.Kind = tensor.OptionalSequence
	}
	return []tensor.Value{v}, nil
}

func hasElement(_ *graph.Node, in []tensor.Value) ([]tensor.Value, error) {
	return []tensor.Value{tensor.ValueOf(tensor.Scalar(!in[0].Empty))}, nil
}

func getElement(_ *graph.Node, in []tensor.Value) ([]tensor.Value, error) {
	v := in[0]
	switch {
	case v.Empty:
		return nil, fmt.Errorf("the optional holds nothing")
	case v.Kind == tensor.OptionalSequence:
		v.Kind = tensor.Sequence
	case v.Kind == tensor.Optional:
		v.Kind = tensor.Dense
	}
	return []tensor.Value{v}, nil
}

// position is the number in v as a place in [0, n), counted from the end where it is negative.
func position(v tensor.Value, n int) (int, error) {
	if v.Tensor == nil || v.Tensor.Len() != 1 {
		return 0, fmt.Errorf("a position that is %v", v)
	}
	at := int(v.Tensor.Floats()[0])
	if at < 0 {
		at += n
	}
	if at < 0 || at >= n {
		return 0, fmt.Errorf("position %v in a sequence with %d places", v.Tensor.Floats()[0], n)
	}
	return at, nil
}

// given is input i, and whether there is one.
func given(in []tensor.Value, i int) (tensor.Value, bool) {
	if i < len(in) && !in[i].Empty {
		return in[i], true
	}
	return tensor.Value{}, false
}

func sequenceAt(_ *graph.Node, in []tensor.Value) ([]tensor.Value, error) {
	at, err := position(in[1], len(in[0].Items))
	if err != nil {
		return nil, err
	}
	return []tensor.Value{tensor.ValueOf(in[0].Items[at])}, nil
}

func sequenceInsert(_ *graph.Node, in []tensor.Value) ([]tensor.Value, error) {
	items := in[0].Items
	at := len(items)
	if v, ok := given(in, 2); ok {
		var err error
		if at, err = position(v, len(items)+1); err != nil {
			return nil, err
		}
		if v.Tensor.Floats()[0] < 0 { // -1 is before the last
			if at--; at < 0 {
				return nil, fmt.Errorf("position %v in a sequence of %d", v.Tensor.Floats()[0], len(items))
			}
		}
	}
	return sequenceOf(in[0].DType, slices.Insert(slices.Clone(items), at, in[1].Tensor)), nil
}

func sequenceErase(_ *graph.Node, in []tensor.Value) ([]tensor.Value, error) {
	items := in[0].Items
	at := len(items) - 1
	if v, ok := given(in, 1); ok {
		var err error
		if at, err = position(v, len(items)); err != nil {
			return nil, err
		}
	}
	if at < 0 {
		return nil, fmt.Errorf("nothing to erase in an empty sequence")
	}
	return sequenceOf(in[0].DType, slices.Delete(slices.Clone(items), at, at+1)), nil
}

func splitToSequence(n *graph.Node, in []tensor.Value) ([]tensor.Value, error) {
	x := in[0].Tensor
	axis, err := axisIn(n, len(x.Shape()))
	if err != nil {
		return nil, err
	}
	extent := x.Shape()[axis]
	var sizes []int
	v, sized := given(in, 1)
	switch {
	case !sized:
		sizes = slices.Repeat([]int{1}, extent)
	case len(v.Tensor.Shape()) == 0:
		each := int(v.Tensor.Floats()[0])
		if each < 1 {
			return nil, fmt.Errorf("parts of %d", each)
		}
		for at := 0; at < extent; at += each {
			sizes = append(sizes, min(each, extent-at))
		}
	default:
		for _, k := range v.Tensor.Floats() {
			sizes = append(sizes, int(k))
		}
	}
	var items []*tensor.Tensor
	at := 0
	for _, k := range sizes {
		if k < 0 || at+k > extent {
			return nil, fmt.Errorf("parts of %v of an axis of extent %d", sizes, extent)
		}
		item := part(x, axis, at, at+k)
		if !sized && n.Int("keepdims", 1) == 0 {
			item = entry(x, axis, at)
		}
		items = append(items, item)
		at += k
	}
	if at != extent {
		return nil, fmt.Errorf("parts of %v of an axis of extent %d", sizes, extent)
	}
	return sequenceOf(x.DType(), items), nil
}

func concatFromSequence(n *graph.Node, in []tensor.Value) ([]tensor.Value, error) {
	items := in[0].Items
	if len(items) == 0 {
		return nil, fmt.Errorf("an empty sequence cannot be joined")
	}
	rank := len(items[0].Shape())
	if n.Int("new_axis", 0) != 0 {
		axis, err := axisIn(n, rank+1)
		if err != nil {
			return nil, err
		}
		y, err := stack(items, axis, nil)
		if err != nil {
			return nil, err
		}
		return []tensor.Value{tensor.ValueOf(y)}, nil
	}
	axis, err := axisIn(n, rank)
	if err != nil {
		return nil, err
	}
	for _, t := range items {
		for i, d := range t.Shape() {
			if len(t.Shape()) != rank || i != axis && d != items[0].Shape()[i] {
				return nil, fmt.Errorf("%v and %v are joined along axis %d", items[0], t, axis)
			}
		}
	}
	return []tensor.Value{tensor.ValueOf(joined(items, axis))}, nil
}

func axisIn(n *graph.Node, rank int) (int, error) {
	axis := n.Int("axis", 0)
	if axis < -rank || axis >= rank {
		return 0, fmt.Errorf("axis %d of a tensor of rank %d", axis, rank)
	}
	return (axis + rank) % rank, nil
}

// part is entries [lo, hi) of an axis.
func part(x *tensor.Tensor, axis, lo, hi int) *tensor.Tensor {
	shape := slices.Clone(x.Shape())
	n, inner := shape[axis], shape[axis+1:].Size()
	shape[axis] = hi - lo
	y := tensor.New(x.DType(), shape...)
	for i := range shape[:axis].Size() {
		from, to := (i*n+lo)*inner, i*(hi-lo)*inner
		kernel.MoveElements(y, to, x, from, (hi-lo)*inner)
	}
	return y
}

// entry is one entry of an axis, without the axis.
func entry(x *tensor.Tensor, axis, at int) *tensor.Tensor {
	y, _ := part(x, axis, at, at+1).Reshape(slices.Delete(slices.Clone(x.Shape()), axis, axis+1)...)
	return y
}

// joined lays tensors after each other along an axis; their other extents are the same.
func joined(list []*tensor.Tensor, axis int) *tensor.Tensor {
	shape := slices.Clone(list[0].Shape())
	shape[axis] = 0
	for _, t := range list {
		shape[axis] += t.Shape()[axis]
	}
	y := tensor.New(list[0].DType(), shape...)
	row := shape[axis:].Size()
	at := 0
	for _, t := range list {
		n := t.Shape()[axis:].Size()
		for i := range shape[:axis].Size() {
			kernel.MoveElements(y, i*row+at, t, i*n, n)
		}
		at += n
	}
	return y
}
