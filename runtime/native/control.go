package native

import (
	"context"
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// control are the operators that run graphs. A body is a program of its own: it is planned once for each set of shapes, as
// any other, and runs step by step unless its own shapes depend on the data.
var control map[string]func(ctx context.Context, f *frame, n *graph.Node, in []tensor.Value) ([]tensor.Value, error)

func init() {
	control = map[string]func(ctx context.Context, f *frame, n *graph.Node, in []tensor.Value) ([]tensor.Value, error){
		"If": runIf, "Loop": runLoop, "Scan": runScan, "SequenceMap": runSequenceMap,
	}
}

// bodies are the programs of n's bodies, and for each what it reads of the graph around it.
func (f *frame) bodies(n *graph.Node, in []tensor.Value) (programs []*program, outer [][]tensor.Value) {
	at := len(n.Own())
	for _, b := range n.Bodies() {
		programs = append(programs, f.program.bodies[b])
		outer = append(outer, in[at:at+len(b.Outer)])
		at += len(b.Outer)
	}
	return programs, outer
}

func truth(v tensor.Value) (bool, error) {
	if v.Tensor == nil || v.Tensor.Len() != 1 {
		return false, fmt.Errorf("a condition that is %v", v)
	}
	return v.Tensor.Bytes()[0] != 0, nil
}

func runIf(ctx context.Context, f *frame, n *graph.Node, in []tensor.Value) ([]tensor.Value, error) {
	taken, err := truth(in[0])
	if err != nil {
		return nil, err
	}
	programs, outer := f.bodies(n, in)
	i := 0 // else_branch, then_branch
	if taken {
		i = 1
	}
	return programs[i].RunValues(ctx, outer[i])
}

func runLoop(ctx context.Context, f *frame, n *graph.Node, in []tensor.Value) ([]tensor.Value, error) {
	programs, outer := f.bodies(n, in)
	carried := slices.Clone(in[2:len(n.Own())])
	most := int64(-1) // no bound
	if m := in[0]; !m.Empty {
		if m.Tensor.Len() != 1 {
			return nil, fmt.Errorf("a number of iterations that is %v", m)
		}
		most = max(tensor.Data[int64](m.Tensor)[0], 0)
	}
	going := true
	if c := in[1]; !c.Empty {
		var err error
		if going, err = truth(c); err != nil {
			return nil, err
		}
	}
	body := n.Bodies()[0]
	stacked := make([][]*tensor.Tensor, len(body.Outputs)-1-len(carried))
	yes := tensor.ValueOf(tensor.Scalar(true))
	for k := int64(0); going && k != most; k++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		args := slices.Concat([]tensor.Value{tensor.ValueOf(tensor.Scalar(k)), yes}, carried, outer[0])
		out, err := programs[0].RunValues(ctx, args)
		if err != nil {
			return nil, fmt.Errorf("iteration %d: %w", k, err)
		}
		if going, err = truth(out[0]); err != nil {
			return nil, err
		}
		copy(carried, out[1:])
		for i := range stacked {
			stacked[i] = append(stacked[i], out[1+len(carried)+i].Tensor)
		}
	}
	for i, list := range stacked {
		y, err := stack(list, 0, body.Outputs[1+len(carried)+i])
		if err != nil {
			return nil, err
		}
		carried = append(carried, tensor.ValueOf(y))
	}
	return carried, nil
}

func runScan(ctx context.Context, f *frame, n *graph.Node, in []tensor.Value) ([]tensor.Value, error) {
	s, err := graph.ScanOf(n)
	if err != nil {
		return nil, err
	}
	programs, outer := f.bodies(n, in)
	body := n.Bodies()[0]
	carried, walked := slices.Clone(in[:s.Carried]), in[s.Carried:len(n.Own())]
	stacked := make([][]*tensor.Tensor, len(body.Outputs)-s.Carried)
	steps, _ := s.Steps.Known()
	for k := range steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		args := slices.Clone(carried)
		for i, x := range walked {
			at := k
			if s.InBack[i] != 0 {
				at = steps - 1 - k
			}
			args = append(args, tensor.ValueOf(entry(x.Tensor, s.InAxes[i], at)))
		}
		out, err := programs[0].RunValues(ctx, append(args, outer[0]...))
		if err != nil {
			return nil, fmt.Errorf("step %d: %w", k, err)
		}
		copy(carried, out)
		for i := range stacked {
			stacked[i] = append(stacked[i], out[s.Carried+i].Tensor)
		}
	}
	for i, list := range stacked {
		if s.OutBack[i] != 0 {
			slices.Reverse(list)
		}
		y, err := stack(list, s.OutAxes[i], body.Outputs[s.Carried+i])
		if err != nil {
			return nil, err
		}
		carried = append(carried, tensor.ValueOf(y))
	}
	return carried, nil
}

func runSequenceMap(ctx context.Context, f *frame, n *graph.Node, in []tensor.Value) ([]tensor.Value, error) {
	programs, outer := f.bodies(n, in)
	body := n.Bodies()[0]
	out := make([]tensor.Value, len(body.Outputs))
	for i, v := range body.Outputs {
		out[i] = tensor.Value{Kind: tensor.Sequence, DType: v.DType}
	}
	for k := range in[0].Items {
		var args []tensor.Value
		for i, v := range in[:len(n.Own())] {
			if v.Kind != tensor.Sequence {
				args = append(args, v)
				continue
			}
			if k >= len(v.Items) {
				return nil, fmt.Errorf("input %d has %d entries where the first has %d", i, len(v.Items), len(in[0].Items))
			}
			args = append(args, tensor.ValueOf(v.Items[k]))
		}
		results, err := programs[0].RunValues(ctx, append(args, outer[0]...))
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", k, err)
		}
		for i, v := range results {
			out[i].Items = append(out[i].Items, v.Tensor)
		}
	}
	return out, nil
}

// stack lays tensors of one shape along a new axis. like tells the type, and what is known of the shape, where there are
// none.
func stack(list []*tensor.Tensor, axis int, like *graph.Value) (*tensor.Tensor, error) {
	if len(list) == 0 {
		dims := make([]int, len(like.Shape))
		for i, d := range like.Shape {
			dims[i], _ = d.Known()
		}
		if axis < 0 {
			axis += len(dims) + 1
		}
		return tensor.New(like.DType, slices.Insert(dims, axis, 0)...), nil
	}
	shape := list[0].Shape()
	if axis < 0 {
		axis += len(shape) + 1
	}
	parts := make([]*tensor.Tensor, len(list))
	for i, t := range list {
		if !t.Shape().Equal(shape) {
			return nil, fmt.Errorf("%v and %v are stacked", list[0], t)
		}
		parts[i], _ = t.Reshape(slices.Insert(slices.Clone(shape), axis, 1)...)
	}
	return joined(parts, axis), nil
}
