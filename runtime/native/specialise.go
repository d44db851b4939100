package native

import (
	"fmt"
	"strings"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/kernel"
	"github.com/elbo-ml/elbo/runtime/native/pool"
	"github.com/elbo-ml/elbo/tensor"
)

// maxFolded bounds the bytes of a value computed while planning, beyond those its inputs hold: an expression such as
// ConstantOfShape([batch, 1000, 1000]) is cheaper computed than kept with every plan.
const maxFolded = 1 << 20

// specialise is g for these input shapes: every dimension a number, every value that depends on no input computed, and
// each expression once.
func specialise(g *graph.Graph, shapes []tensor.Shape) (*graph.Graph, error) {
	c := g.Clone()
	for i, v := range c.Inputs {
		v.Shape = make(graph.Shape, len(shapes[i]))
		for axis, n := range shapes[i] {
			v.Shape[axis] = graph.N(n)
		}
	}
	s := specialiser{same: map[*graph.Value]*graph.Value{}, seen: map[string]*graph.Node{}}
	nodes := c.Nodes
	c.Nodes = nil
	for _, n := range nodes {
		for i, v := range n.Inputs {
			if w := s.same[v]; w != nil {
				n.Inputs[i] = w
			}
		}
		keep, err := s.node(n)
		if err != nil {
			return nil, fmt.Errorf("native: plan: %w", err)
		}
		if keep {
			c.Nodes = append(c.Nodes, n)
		}
	}
	for i, v := range c.Outputs {
		if w := s.same[v]; w != nil {
			c.Outputs[i] = w
		}
	}
	c.Nodes = live(c.Nodes, c.Outputs)
	return c, nil
}

type specialiser struct {
	same map[*graph.Value]*graph.Value // values computed before under another name
	seen map[string]*graph.Node
}

// node infers n and reports whether it is to run: not when its outputs are known or have been computed before.
func (s *specialiser) node(n *graph.Node) (keep bool, err error) {
	if err := inferWanted(n); err != nil {
		return false, err
	}
	if known(n) {
		return false, nil
	}
	k := kernel.Lookup(n.Op)
	constant := true
	for _, v := range n.Inputs {
		constant = constant && (v == nil || v.Data != nil)
	}
	switch {
	case k.Dynamic != nil && constant:
		return false, fold(n, k)
	case k.Dynamic != nil:
		return false, fmt.Errorf("%s (node %q): the shape of its output depends on the data: %w", n.Op, n.Name, graph.ErrUnsupported)
	}
	for _, v := range n.Outputs {
		if v == nil {
			continue
		}
		if err := concrete(n, v); err != nil {
			return false, err
		}
	}
	if constant && worthFolding(n) {
		return false, fold(n, k)
	}
	if changesNothing(n) {
		s.same[n.Outputs[0]] = n.Inputs[0]
		return false, nil
	}
	key := signature(n)
	if first := s.seen[key]; first != nil {
		for i, v := range n.Outputs {
			if v != nil {
				s.same[v] = first.Outputs[i]
			}
		}
		return false, nil
	}
	s.seen[key] = n
	return true, nil
}

// changesNothing reports whether n's one output is its first input, as it is once shapes are numbers of many an Expand,
// Reshape or Cast.
func changesNothing(n *graph.Node) bool {
	x, y := n.Input(0), n.Outputs[0]
	if x == nil || y == nil || len(n.Outputs) > 1 && n.Outputs[1] != nil || x.DType != y.DType || !x.Shape.Equal(y.Shape) {
		return false
	}
	switch n.Op {
	case "Identity", "Dropout", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Cast", "CastLike", "Expand", "Tile":
		return true
	}
	return false
}

// inferWanted infers n's outputs. Rules write every output; those nobody wants get a value for the moment.
func inferWanted(n *graph.Node) error {
	outputs := n.Outputs
	n.Outputs = make([]*graph.Value, len(outputs))
	for i, v := range outputs {
		n.Outputs[i] = v
		if v == nil {
			n.Outputs[i] = &graph.Value{Producer: n}
		} else {
			v.Ints = nil
		}
	}
	err := graph.InferNode(n)
	n.Outputs = outputs
	return err
}

// concrete checks that v's shape is all numbers and that its size can be held.
func concrete(n *graph.Node, v *graph.Value) error {
	dims, ok := v.Shape.Known()
	if !ok {
		return fmt.Errorf("%s (node %q): the shape of its output is %v: it depends on the data: %w", n.Op, n.Name, v.Shape, graph.ErrUnsupported)
	}
	size, err := tensor.Shape(dims).CheckedSize()
	if err != nil {
		return fmt.Errorf("%s (node %q): %w", n.Op, n.Name, err)
	}
	if size > maxElements {
		return fmt.Errorf("%s (node %q): output %v has %d elements, more than %d", n.Op, n.Name, v.Shape, size, maxElements)
	}
	return nil
}

// maxElements bounds one value: no memory holds more, and asking for it would end the process.
const maxElements = 1 << 34

// known gives every output its data when shape inference knows the content, and reports whether it did.
func known(n *graph.Node) bool {
	for _, v := range n.Outputs {
		if v != nil && intData(v) == nil {
			return false
		}
	}
	for _, v := range n.Outputs {
		if v != nil {
			v.Data, v.Producer = intData(v), nil
		}
	}
	return true
}

// intData is the tensor of v's known content, or nil.
func intData(v *graph.Value) *tensor.Tensor {
	dims, ok := v.Shape.Known()
	if !ok || v.Ints == nil || tensor.Shape(dims).Size() != len(v.Ints) || v.DType != tensor.Int64 && v.DType != tensor.Int32 {
		return nil
	}
	t := tensor.New(v.DType, dims...)
	for i, d := range v.Ints {
		x, ok := d.Known()
		switch {
		case !ok:
			return nil
		case v.DType == tensor.Int64:
			tensor.Data[int64](t)[i] = int64(x)
		default:
			tensor.Data[int32](t)[i] = int32(x)
		}
	}
	return t
}

func worthFolding(n *graph.Node) bool {
	bytes := maxFolded
	for _, v := range n.Inputs {
		if v != nil {
			bytes += len(v.Data.Bytes())
		}
	}
	for _, v := range n.Outputs {
		if v != nil {
			dims, _ := v.Shape.Known()
			bytes -= tensor.Shape(dims).Size() * v.DType.Size()
		}
	}
	return bytes >= 0
}

// fold computes n, whose inputs are all constants, and makes its outputs constants.
func fold(n *graph.Node, k *kernel.Kernel) error {
	out, err := evaluate(n, k)
	if err != nil {
		return fmt.Errorf("%s (node %q): %w", n.Op, n.Name, err)
	}
	for i, v := range n.Outputs {
		if v == nil {
			continue
		}
		v.Hold(out[i])
		v.Producer = nil
	}
	return nil
}

func evaluate(n *graph.Node, k *kernel.Kernel) ([]*tensor.Tensor, error) {
	in, out := make([]*tensor.Tensor, len(n.Inputs)), make([]*tensor.Tensor, len(n.Outputs))
	for i, v := range n.Inputs {
		if v != nil {
			in[i] = v.Data
		}
	}
	if k.Dynamic != nil {
		return k.Dynamic(in)
	}
	call := &kernel.Call{Node: n, In: make([]*kernel.Buf, len(in)), Out: make([]*kernel.Buf, len(out)), Cores: kernel.Cores{Pool: pool.Shared()}}
	for i, t := range in {
		if t != nil {
			call.In[i] = kernel.NewBuf(t.DType(), t.Shape())
			call.In[i].Use(aligned(t).Bytes())
		}
	}
	for i, v := range n.Outputs {
		if v != nil {
			dims, _ := v.Shape.Known()
			out[i] = tensor.New(v.DType, dims...)
			call.Out[i] = kernel.NewBuf(v.DType, dims)
			call.Out[i].Use(out[i].Bytes())
		}
	}
	task, err := k.Bind(call)
	if err != nil {
		return nil, err
	}
	return out, task()
}

// signature is equal for nodes that compute the same thing.
func signature(n *graph.Node) string {
	var b strings.Builder
	b.WriteString(n.Op)
	for _, name := range n.Attrs.Names() {
		v := n.Attrs[name]
		if t, ok := v.(*tensor.Tensor); ok {
			v = t.String() + string(t.Bytes())
		}
		fmt.Fprintf(&b, "|%s=%T%q", name, v, fmt.Sprint(v))
	}
	for _, v := range n.Inputs {
		fmt.Fprintf(&b, "|%p", v)
	}
	for _, v := range n.Outputs {
		fmt.Fprintf(&b, "|%t", v != nil)
	}
	return b.String()
}
