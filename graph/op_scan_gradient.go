package graph

import (
	"fmt"
	"slices"
)

// scanUndifferentiable: every step must have a gradient, and the carried values keep their shapes.
func scanUndifferentiable(n *Node) string {
	s, err := ScanOf(n)
	if err != nil {
		return err.Error()
	}
	body := n.Bodies()[0]
	for i, x := range body.Inputs[:s.Carried] {
		if x.Shape == nil || !x.Shape.Equal(body.Outputs[i].Shape) {
			return fmt.Sprintf("its body makes %v of the carried %v", body.Outputs[i], x)
		}
	}
	for _, m := range body.Nodes {
		if why := whyNot(m); why != "" && slices.ContainsFunc(m.Outputs, func(v *Value) bool { return v != nil && v.DType.IsFloat() }) {
			return "in its body, " + why
		}
	}
	return ""
}

// scanGradient walks back. With s' = f(s, x, w) and y = g(s, x, w) in each step, for carried values s, walked x and outer
// values w, the gradient is a Scan from the last step to the first that carries the gradients of s and the sums of those of w,
// and walks along x, dy and the carried values before each step, which the Scan then stacks, too: each step is computed
// again and followed by its vector-Jacobian product (backpropagation through time; Werbos, 1990).
func scanGradient(g *Graph, n *Node, dy []*Value) []*Value {
	s, err := ScanOf(n)
	if err != nil {
		g.Fail(err)
		return make([]*Value, len(n.Inputs))
	}
	dy = slices.Clone(dy)
	saved := g.stackStates(n, s)
	own, body, captured := n.Own(), n.Bodies()[0], n.captured(0)
	b := &scanBack{g: g, body: New(body.Name + "_gradient")}

	// What goes in: the carried gradients, then what is walked along from the end.
	ds := make([]*Value, s.Carried)
	for i, x := range body.Inputs[:s.Carried] {
		if x.DType.IsFloat() {
			start := dy[i]
			if start == nil {
				start = g.ZerosLike(own[i])
			}
			ds[i] = b.carry("d_"+x.Name, x, start)
		}
	}
	dw := make([]*Value, len(captured))
	for i, w := range body.Outer {
		if w.DType.IsFloat() {
			dw[i] = b.carry("sum_d_"+w.Name, w, g.ZerosLike(captured[i]))
		}
	}
	var args []*Value
	for i, x := range body.Inputs[:s.Carried] {
		args = append(args, b.walk(x.Name, x, saved[i], 0, 1))
	}
	for i, x := range body.Inputs[s.Carried:] {
		args = append(args, b.walk(x.Name, x, own[s.Carried+i], s.InAxes[i], 1-s.InBack[i]))
	}
	seen := make([]*Value, len(n.Outputs))
	for i := s.Carried; i < len(dy); i++ {
		if y := body.Outputs[i]; dy[i] != nil {
			axis := s.OutAxes[i-s.Carried]
			if axis < 0 {
				axis += len(y.Shape) + 1
			}
			seen[i] = b.walk("d_"+y.Name, y, dy[i], axis, 1-s.OutBack[i-s.Carried])
		}
	}
	for _, w := range body.Outer {
		args = append(args, b.body.Reads(w))
	}

	// The step again, and back.
	u := unfolding{g: b.body, left: maxUnfoldedNodes}
	out, err := u.splice(body, args, "step")
	if err != nil {
		g.Fail(err)
		return make([]*Value, len(n.Inputs))
	}
	seeds := map[*Value]*Value{}
	seed := func(v, d *Value) {
		if d != nil && seeds[v] != nil { // a value that is carried and stacked
			d = b.body.Add(seeds[v], d)
		}
		if d != nil {
			seeds[v] = d
		}
	}
	for i, v := range out[:s.Carried] {
		seed(v, ds[i])
	}
	for i, d := range seen {
		seed(out[i], d)
	}
	var reals []*Value
	for _, v := range args {
		if v.DType.IsFloat() {
			reals = append(reals, v)
		}
	}
	list, missing := Pullback(b.body, seeds, reals, nil)
	if len(missing) > 0 {
		g.Fail(fmt.Errorf("graph: %s: %v", describe(n), missing))
		return make([]*Value, len(n.Inputs))
	}

	// What comes out: the carried gradients, and those of what was walked along.
	grads := map[*Value]*Value{}
	for i, v := range reals {
		grads[v] = list[i]
	}
	result := func(v *Value) *Value {
		if grads[v] == nil {
			return b.body.ZerosLike(v)
		}
		return grads[v]
	}
	for i, d := range ds {
		if d != nil {
			b.body.Output("next_"+d.Name, result(args[i]))
		}
	}
	for i, sum := range dw {
		if sum != nil {
			b.body.Output("next_"+sum.Name, b.body.Add(sum, result(args[len(body.Inputs)+i])))
		}
	}
	var axes, back []int64
	for i, x := range body.Inputs[s.Carried:] {
		if x.DType.IsFloat() {
			b.body.Output("d_"+x.Name, result(args[s.Carried+i]))
			axes, back = append(axes, int64(s.InAxes[i])), append(back, int64(1-s.InBack[i]))
		}
	}
	results := b.node(n.Name, captured, axes, back)
	dx := make([]*Value, len(n.Inputs))
	take := func(i int) {
		if len(results) > 0 {
			dx[i], results = results[0], results[1:]
		}
	}
	for i, d := range ds {
		if d != nil {
			take(i)
		}
	}
	for i, sum := range dw {
		if sum != nil {
			take(len(own) + i)
		}
	}
	for i, x := range body.Inputs[s.Carried:] {
		if x.DType.IsFloat() {
			take(s.Carried + i)
		}
	}
	return dx
}

// stackStates lets the Scan n also stack, in the order of its steps, what each carried value is before the step.
func (g *Graph) stackStates(n *Node, s Walk) []*Value {
	body := n.Bodies()[0].Clone()
	for len(n.Outputs) < len(body.Outputs) {
		n.Outputs = append(n.Outputs, nil)
	}
	var saved []*Value
	for _, x := range body.Inputs[:s.Carried] {
		body.Outputs = append(body.Outputs, body.Node("Identity", nil, x))
		v := &Value{Name: g.Fresh(n.Name), Producer: n}
		g.Fail(g.Register(v))
		n.Outputs, saved = append(n.Outputs, v), append(saved, v)
	}
	attrs := n.Attrs.clone()
	attrs["body"] = body
	for _, name := range []string{"scan_output_axes", "scan_output_directions"} {
		if list, ok := attrs[name].([]int64); ok && len(list) > 0 {
			attrs[name] = append(list, make([]int64, s.Carried)...)
		}
	}
	n.Attrs = attrs
	g.Fail(body.Err())
	g.Fail(InferNode(n))
	return saved
}

// scanBack is the Scan of a gradient in the making.
type scanBack struct {
	g                *Graph
	body             *Graph
	carried, walked  []*Value
	axes, directions []int64
}

// carry adds a carried value that has like's type and starts with start.
func (b *scanBack) carry(name string, like, start *Value) *Value {
	if len(b.walked) > 0 {
		b.g.Fail(fmt.Errorf("graph: scan gradient: %s is carried after what is walked along", name))
	}
	b.carried = append(b.carried, start)
	return b.body.InputOf(like.DType, b.body.freeName(name), like.Shape)
}

// walk adds x, along an axis, to what is walked along; back is 1 for from the end.
func (b *scanBack) walk(name string, like, x *Value, axis, back int) *Value {
	b.walked = append(b.walked, x)
	b.axes, b.directions = append(b.axes, int64(axis)), append(b.directions, int64(back))
	return b.body.InputOf(like.DType, b.body.freeName(name), like.Shape)
}

// node appends the Scan. axes and back are those of what it stacks.
func (b *scanBack) node(name string, captured []*Value, axes, back []int64) []*Value {
	g := b.g
	Prune(b.body)
	g.Fail(b.body.Err())
	read := map[*Value]bool{}
	for _, m := range b.body.Nodes {
		for _, v := range m.Inputs {
			read[v] = true
		}
	}
	var outer, needed []*Value
	for i, v := range b.body.Outer {
		if read[v] {
			outer, needed = append(outer, v), append(needed, captured[i])
		}
	}
	b.body.Outer = outer
	attrs := Attrs{"body": b.body, "num_scan_inputs": int64(len(b.walked)), "scan_input_axes": b.axes, "scan_input_directions": b.directions}
	if len(axes) > 0 {
		attrs["scan_output_axes"], attrs["scan_output_directions"] = axes, back
	}
	if g.err != nil || len(b.body.Outputs) == 0 {
		return nil
	}
	return g.NodeN("Scan", len(b.body.Outputs), attrs, slices.Concat(b.carried, b.walked, needed)...)
}
