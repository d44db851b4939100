package importer

import (
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// maxUnrolled bounds the steps that a recurrent node is written out for.
const maxUnrolled = 512

// recurrent writes RNN, GRU and LSTM out step by step where the length of the sequence is a number, and as a Scan where it is
// open: so they run on both engines and have gradients.
func recurrent(c *conversion) error {
	r, err := newRecurrence(c)
	if err != nil {
		return err
	}
	g := c.g
	var ys, hs, cs []*graph.Value // one for each direction
	for d := range r.directions {
		y, h, cell, err := r.run(d)
		if err != nil {
			return err
		}
		ys, hs = append(ys, g.Unsqueeze(y, 1)), append(hs, g.Unsqueeze(h, 0))
		if cell != nil {
			cs = append(cs, g.Unsqueeze(cell, 0))
		}
	}
	join := func(axis int, parts []*graph.Value) *graph.Value {
		if len(parts) == 1 {
			return parts[0]
		}
		return g.Concat(axis, parts...)
	}
	outputs := []*graph.Value{join(1, ys), join(0, hs)}
	if len(cs) > 0 {
		outputs = append(outputs, join(0, cs))
	}
	if r.batchFirst {
		outputs[0] = g.Transpose(outputs[0], 2, 0, 1, 3)
		for i := range outputs[1:] {
			outputs[1+i] = g.Transpose(outputs[1+i], 1, 0, 2)
		}
	}
	if err := g.Err(); err != nil {
		return err
	}
	return c.give(outputs...)
}

// recurrence is one recurrent node.
type recurrence struct {
	c           *conversion
	x           *graph.Value // [steps, batch, in]
	steps       int          // 0 where the length is open, or too long to be written out
	hidden      int
	gates       int
	directions  []bool // for each, whether it runs backwards
	activations []string
	batchFirst  bool
}

func newRecurrence(c *conversion) (*recurrence, error) {
	for i := range 3 {
		if _, err := c.input(i); err != nil {
			return nil, err
		}
	}
	r := &recurrence{c: c, x: c.n.Inputs[0], batchFirst: c.n.Int("layout", 0) != 0, gates: map[string]int{"RNN": 1, "GRU": 3, "LSTM": 4}[c.n.Op]}
	if r.x.Rank() != 3 || c.n.Inputs[1].Rank() != 3 || c.n.Inputs[2].Rank() != 3 {
		return nil, fmt.Errorf("%v, %v, %v: %w", r.x, c.n.Inputs[1], c.n.Inputs[2], ErrMalformed)
	}
	if r.batchFirst {
		r.x = c.g.Transpose(r.x, 1, 0, 2)
	}
	var known, known2 bool
	r.steps, known = r.x.Shape[0].Known()
	r.hidden, known2 = c.n.Inputs[2].Shape[2].Known()
	if !known2 || known && r.steps < 1 {
		return nil, fmt.Errorf("a sequence of %v steps, %v hidden: %w", r.x.Shape[0], c.n.Inputs[2].Shape[2], graph.ErrUnsupported)
	}
	if !known || r.steps > maxUnrolled {
		r.steps = 0
	}
	switch d := c.n.Str("direction", "forward"); d {
	case "forward":
		r.directions = []bool{false}
	case "reverse":
		r.directions = []bool{true}
	case "bidirectional":
		r.directions = []bool{false, true}
	default:
		return nil, fmt.Errorf("direction %q: %w", d, ErrMalformed)
	}
	given, _ := c.n.Attrs["activations"].([]string)
	def := map[string][]string{"RNN": {"Tanh"}, "GRU": {"Sigmoid", "Tanh"}, "LSTM": {"Sigmoid", "Tanh", "Tanh"}}[c.n.Op]
	for i := range r.directions {
		r.activations = append(r.activations, def...)
		if given != nil && len(given) != len(def)*len(r.directions) {
			return nil, fmt.Errorf("%d activations in direction %d: %w", len(given), i, ErrMalformed)
		}
	}
	if given != nil {
		r.activations = given
	}
	for _, a := range r.activations {
		if !slices.Contains([]string{"Sigmoid", "Tanh", "Relu", "Softplus", "Softsign"}, a) {
			return nil, fmt.Errorf("activation %s: %w", a, graph.ErrUnsupported)
		}
	}
	return r, nil
}

// act applies activation i of direction d, to a value within the clip.
func (r *recurrence) act(d, i int, x *graph.Value) *graph.Value {
	if limit := float64(r.c.n.Float("clip", 0)); limit > 0 {
		x = r.c.g.Clip(x, -limit, limit)
	}
	return r.c.g.Node(r.activations[d*len(r.activations)/len(r.directions)+i], nil, x)
}

// of is the part of input i for direction d, without the axis of directions, or nil where the input is left out.
func (r *recurrence) of(i, d int) *graph.Value {
	v := r.c.n.Input(i)
	if v == nil {
		return nil
	}
	axis := 0
	if r.batchFirst && i >= 5 && i != 7 {
		axis = 1
	}
	return r.c.g.Gather(v, r.c.g.Const(tensor.Scalar(int64(d))), axis)
}

// part is columns [i, j) of hidden elements each.
func (r *recurrence) part(x *graph.Value, i, j int) *graph.Value {
	g := r.c.g
	return g.Node("Slice", nil, x, g.Int64s(i*r.hidden), g.Int64s(j*r.hidden), g.Int64s(-1))
}

// run gives direction d's outputs [steps, batch, hidden] and its last state.
func (r *recurrence) run(d int) (y, h, cell *graph.Value, err error) {
	g, n := r.c.g, r.c.n
	w, rec, bias := g.Transpose(r.of(1, d), 1, 0), g.Transpose(r.of(2, d), 1, 0), r.of(3, d)
	in := g.MatMul(r.x, w)
	var recBias *graph.Value
	if bias != nil {
		in, recBias = g.Add(in, r.part(bias, 0, r.gates)), r.part(bias, r.gates, 2*r.gates)
	}
	start := func(i int) *graph.Value {
		if v := r.of(i, d); v != nil {
			return v
		}
		return g.Fill(g.Concat(0, r.c.extent(r.x, 1), g.Int64s(r.hidden)), tensor.New(r.x.DType, 1))
	}
	h = start(5)
	var peep *graph.Value
	if n.Op == "LSTM" {
		cell, peep = start(6), r.of(7, d)
	}
	var lens *graph.Value
	if v := n.Input(4); v != nil {
		lens = g.Unsqueeze(g.Cast(v, tensor.Int64), 1)
	}
	if r.steps == 0 {
		return r.scan(d, in, h, cell, rec, recBias, peep, lens)
	}
	out := make([]*graph.Value, r.steps)
	for k := range r.steps {
		t := k
		if r.directions[d] {
			t = r.steps - 1 - k
		}
		at := g.Const(tensor.Scalar(int64(t)))
		var shown *graph.Value
		shown, h, cell = r.masked(d, at, g.Gather(in, at, 0), h, cell, rec, recBias, peep, lens)
		out[t] = g.Unsqueeze(shown, 0)
	}
	if len(out) == 1 {
		return out[0], h, cell, g.Err()
	}
	return g.Concat(0, out...), h, cell, g.Err()
}

// scan is what run does, for a sequence whose length only a run tells.
func (r *recurrence) scan(d int, in, h, cell, rec, recBias, peep, lens *graph.Value) (y, last, lastCell *graph.Value, err error) {
	g := r.c.g
	if err := g.Err(); err != nil {
		return nil, nil, nil, err
	}
	body := graph.New(r.c.n.Op)
	inner := *r
	inner.c = &conversion{builder: r.c.builder, g: body, n: r.c.n, opset: r.c.opset}
	var own, captured []*graph.Value
	input := func(name string, v *graph.Value, walked int) *graph.Value {
		if v == nil {
			return nil
		}
		own = append(own, v)
		return body.InputOf(v.DType, name, slices.Clone(v.Shape[walked:]))
	}
	reads := func(v *graph.Value) *graph.Value {
		if v == nil {
			return nil
		}
		captured = append(captured, v)
		return body.Reads(v)
	}
	state, stateCell := input("h", h, 0), input("c", cell, 0)
	carried := len(own)
	x := input("x", in, 1)
	var t *graph.Value
	if lens != nil {
		zero, one := g.Const(tensor.Scalar(int64(0))), g.Const(tensor.Scalar(int64(1)))
		t = input("t", g.Range(zero, r.c.scalar(r.c.extent(in, 0)), one), 1)
	}
	shown, next, nextCell := inner.masked(d, t, x, state, stateCell, reads(rec), reads(recBias), reads(peep), reads(lens))
	body.Output("next", next)
	if cell != nil {
		body.Output("next_c", nextCell)
	}
	body.Output("y", shown)
	back := int64(0)
	if r.directions[d] {
		back = 1
	}
	walked := len(own) - carried
	attrs := graph.Attrs{"body": body, "num_scan_inputs": int64(walked), "scan_input_directions": slices.Repeat([]int64{back}, walked),
		"scan_output_directions": []int64{back}}
	if err := body.Err(); err != nil {
		return nil, nil, nil, err
	}
	out := g.NodeN("Scan", carried+1, attrs, append(own, captured...)...)
	if cell != nil {
		lastCell = out[1]
	}
	return out[carried], out[0], lastCell, g.Err()
}

// masked is step t for the sequences that are longer than t; others keep their state and show zeros.
func (r *recurrence) masked(d int, t, x, h, cell, rec, recBias, peep, lens *graph.Value) (shown, next, nextCell *graph.Value) {
	g := r.c.g
	next, nextCell = r.step(d, x, h, cell, rec, recBias, peep)
	shown = next
	if lens != nil {
		runs := g.Less(t, lens)
		shown, next = g.Where(runs, next, g.Scalar(0, next)), g.Where(runs, next, h)
		if cell != nil {
			nextCell = g.Where(runs, nextCell, cell)
		}
	}
	return shown, next, nextCell
}

// step is the next state, given the input's share x of all gates, [batch, gates * hidden].
func (r *recurrence) step(d int, x, h, cell, rec, recBias, peep *graph.Value) (next, nextCell *graph.Value) {
	g := r.c.g
	recurrent := func(from, to int, h *graph.Value) *graph.Value {
		y := g.MatMul(h, r.part(rec, from, to))
		if recBias != nil {
			y = g.Add(y, r.part(recBias, from, to))
		}
		return y
	}
	one := g.Scalar(1, x)
	switch r.c.n.Op {
	case "GRU": // z, r, h
		zr := r.act(d, 0, g.Add(r.part(x, 0, 2), recurrent(0, 2, h)))
		z, reset := r.part(zr, 0, 1), r.part(zr, 1, 2)
		var candidate *graph.Value
		if r.c.n.Int("linear_before_reset", 0) != 0 {
			candidate = g.Mul(reset, recurrent(2, 3, h))
		} else {
			candidate = recurrent(2, 3, g.Mul(reset, h))
		}
		candidate = r.act(d, 1, g.Add(r.part(x, 2, 3), candidate))
		return g.Add(g.Mul(g.Sub(one, z), candidate), g.Mul(z, h)), nil
	case "LSTM": // i, o, f, c
		all := g.Add(x, recurrent(0, 4, h))
		gate := func(i int, cell *graph.Value) *graph.Value {
			v := r.part(all, i, i+1)
			if peep != nil {
				v = g.Add(v, g.Mul(r.part(peep, i, i+1), cell))
			}
			return r.act(d, 0, v)
		}
		input := gate(0, cell)
		var forget *graph.Value
		if r.c.n.Int("input_forget", 0) != 0 {
			forget = g.Sub(one, input)
		} else {
			forget = gate(2, cell)
		}
		nextCell = g.Add(g.Mul(forget, cell), g.Mul(input, r.act(d, 1, r.part(all, 3, 4))))
		bare := nextCell // the last activation is not clipped
		return g.Mul(gate(1, nextCell), g.Node(r.activations[d*3+2], nil, bare)), nextCell
	}
	return r.act(d, 0, g.Add(x, recurrent(0, 1, h))), nil
}
