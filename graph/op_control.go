package graph

import (
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(
		&Op{Name: "If", Inputs: [2]int{1, 1}, Outputs: [2]int{1, -1}, Bodies: []string{"else_branch", "then_branch"}, Infer: inferIf,
			Undifferentiable: decidedByData("which branch it takes")},
		&Op{Name: "Loop", Inputs: [2]int{2, -1}, Outputs: [2]int{1, -1}, Bodies: []string{"body"}, Infer: inferLoop,
			Undifferentiable: decidedByData("how often it runs")},
		&Op{Name: "Scan", Inputs: [2]int{1, -1}, Outputs: [2]int{1, -1}, Bodies: []string{"body"}, Infer: inferScan,
			Gradient: scanGradient, Undifferentiable: scanUndifferentiable},
	)
}

// decidedByData tells why a node that Unfold leaves has no gradient.
func decidedByData(what string) func(n *Node) string {
	return func(n *Node) string { return "it has no gradient, since " + what + " depends on data" }
}

// If gives the outputs of one of its branches. What both agree on in type and shape is known beforehand.
func inferIf(n *Node) error {
	if c := n.Inputs[0]; c == nil || c.DType != tensor.Bool || c.Kind != tensor.Dense {
		return fmt.Errorf("the condition must be a bool")
	}
	branches := n.Bodies()
	binds := [2]binding{{}, {}}
	for i, b := range branches {
		if err := binds[i].outer(n, i); err != nil {
			return err
		}
		if len(b.Outputs) < len(n.Outputs) {
			return fmt.Errorf("%d outputs of branches that give %d", len(n.Outputs), len(b.Outputs))
		}
	}
	for i, y := range n.Outputs {
		a, b := branches[0].Outputs[i], branches[1].Outputs[i]
		if a.DType != b.DType || a.Kind != b.Kind {
			return fmt.Errorf("output %d is %v in one branch and %v in the other", i, a, b)
		}
		y.DType, y.Kind = a.DType, a.Kind
		y.Shape = join(binds[0].shape(a.Shape, y), binds[1].shape(b.Shape, y), y)
	}
	return nil
}

// join is what two shapes have in common: extents that differ are symbols of y's own, and ranks that differ leave it open.
func join(a, b Shape, y *Value) Shape {
	if a == nil || b == nil || len(a) != len(b) {
		return nil
	}
	out := slices.Clone(a)
	for i := range out {
		if !a[i].Equal(b[i]) {
			out[i] = freshDim(y, i)
		}
	}
	return out
}

// inferLoop: inputs are the most iterations (or nil), the condition (or nil) and the carried values; the body takes the
// iteration's number, the condition and the carried values and gives the condition, the carried values and what is
// stacked along a new first axis.
func inferLoop(n *Node) error {
	own, body := n.Own(), n.Bodies()[0]
	carried := len(own) - 2
	if len(body.Inputs) != 2+carried || len(body.Outputs) < 1+carried || len(n.Outputs) > len(body.Outputs)-1 {
		return fmt.Errorf("%d carried values and %d outputs for a body of %d inputs and %d outputs", carried, len(n.Outputs), len(body.Inputs), len(body.Outputs))
	}
	if m := own[0]; m != nil && (m.DType != tensor.Int64 || m.Kind != tensor.Dense) {
		return fmt.Errorf("the number of iterations must be int64")
	}
	if c := own[1]; c != nil && (c.DType != tensor.Bool || c.Kind != tensor.Dense) {
		return fmt.Errorf("the condition must be a bool")
	}
	if c := body.Outputs[0]; c.DType != tensor.Bool || c.Kind != tensor.Dense {
		return fmt.Errorf("the condition that the body gives must be a bool")
	}
	b, err := bindLoop(n)
	if err != nil {
		return err
	}
	for i, y := range n.Outputs {
		v := body.Outputs[1+i]
		y.DType, y.Kind, y.Shape = v.DType, v.Kind, b.shape(v.Shape, y)
		if i < carried {
			y.Shape = b.shape(body.Inputs[2+i].Shape, y)
		} else if v.Kind != tensor.Dense {
			return fmt.Errorf("output %d of the body is stacked and no tensor", 1+i)
		} else if y.Shape != nil {
			y.Shape = slices.Insert(y.Shape, 0, Sym(y.Name+".n"))
		}
	}
	return nil
}

// bindLoop is what the symbols of a Loop's body stand for.
func bindLoop(n *Node) (binding, error) {
	own, body := n.Own(), n.Bodies()[0]
	b := binding{}
	if err := b.outer(n, 0); err != nil {
		return nil, err
	}
	return b, b.carry(own[2:], body.Inputs[2:], body.Outputs[1:len(own)-1])
}

// carry binds carried values. in are the body's inputs for them and out its outputs, whose shapes must be the inputs'
// where these do not have symbols of their own for extents that change from one run of the body to the next.
func (b binding) carry(first, in, out []*Value) error {
	for i, v := range first {
		if v == nil {
			return fmt.Errorf("carried value %d is left out", i)
		}
		x, y := in[i], out[i]
		if x.DType != y.DType || !takes(x.Kind, y.Kind) || x.Shape != nil && len(x.Shape) != len(y.Shape) {
			return fmt.Errorf("carried value %d is %v before the body and %v after it", i, x, y)
		}
		if err := b.bind(x, v, func(axis int) bool { return x.Shape[axis].Equal(y.Shape[axis]) }); err != nil {
			return err
		}
	}
	return nil
}

// inferScan: inputs are the carried values and the tensors that are walked along an axis; the body takes and gives the
// carried values, then an entry of each tensor, and what is stacked.
func inferScan(n *Node) error {
	body := n.Bodies()[0]
	s, err := ScanOf(n)
	if err != nil {
		return err
	}
	b, err := s.bind(n)
	if err != nil {
		return err
	}
	for i, y := range n.Outputs {
		v := body.Outputs[i]
		y.DType, y.Kind, y.Shape = v.DType, v.Kind, b.shape(v.Shape, y)
		if i < s.Carried {
			y.Shape = b.shape(body.Inputs[i].Shape, y)
			continue
		}
		if v.Kind != tensor.Dense || v.Shape == nil {
			return fmt.Errorf("output %d of the body is stacked and no tensor of known rank", i)
		}
		axis := s.OutAxes[i-s.Carried]
		if axis < 0 {
			axis += len(v.Shape) + 1
		}
		if axis < 0 || axis > len(v.Shape) {
			return fmt.Errorf("output %d is stacked along axis %d of %v", i, s.OutAxes[i-s.Carried], v.Shape)
		}
		y.Shape = slices.Insert(y.Shape, axis, s.Steps)
	}
	return nil
}

// bind is what the symbols of the body of the Scan n stand for.
func (s Walk) bind(n *Node) (binding, error) {
	own, body := n.Own(), n.Bodies()[0]
	b := binding{}
	if err := b.outer(n, 0); err != nil {
		return nil, err
	}
	if err := b.carry(own[:s.Carried], body.Inputs[:s.Carried], body.Outputs[:s.Carried]); err != nil {
		return nil, err
	}
	for i, x := range own[s.Carried:] {
		entry := *x
		entry.Shape = slices.Delete(slices.Clone(x.Shape), s.InAxes[i], s.InAxes[i]+1)
		if err := b.bind(body.Inputs[s.Carried+i], &entry, nil); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// Walk is what a Scan node's attributes say.
type Walk struct {
	Carried         int // values
	Steps           Dim
	InAxes, OutAxes []int
	InBack, OutBack []int // 1 where an input is read, or an output stacked, from the end
}

// ScanOf reads a Scan node and checks it against its body.
func ScanOf(n *Node) (Walk, error) {
	own, body := n.Own(), n.Bodies()[0]
	walked := n.Int("num_scan_inputs", 0)
	s := Walk{Carried: len(own) - walked}
	if walked < 1 || s.Carried < 0 || len(body.Inputs) != len(own) || len(body.Outputs) < max(s.Carried, len(n.Outputs)) {
		return s, fmt.Errorf("%d inputs, %d of them walked along, and %d outputs for a body of %d inputs and %d outputs",
			len(own), walked, len(n.Outputs), len(body.Inputs), len(body.Outputs))
	}
	stacked := len(body.Outputs) - s.Carried
	for _, list := range []struct {
		name string
		n    int
		to   *[]int
	}{{"scan_input_axes", walked, &s.InAxes}, {"scan_output_axes", stacked, &s.OutAxes},
		{"scan_input_directions", walked, &s.InBack}, {"scan_output_directions", stacked, &s.OutBack}} {
		*list.to = n.Ints(list.name)
		if len(*list.to) == 0 {
			*list.to = make([]int, list.n)
		}
		if len(*list.to) != list.n {
			return s, fmt.Errorf("%s has %d numbers for %d", list.name, len(*list.to), list.n)
		}
	}
	for i, x := range own[s.Carried:] {
		if x == nil || x.Kind != tensor.Dense || x.Shape == nil {
			return s, fmt.Errorf("input %d, which is walked along, is no tensor of known rank", s.Carried+i)
		}
		axis := s.InAxes[i]
		if axis < 0 {
			axis += len(x.Shape)
		}
		if axis < 0 || axis >= len(x.Shape) {
			return s, fmt.Errorf("axis %d of %v", s.InAxes[i], x)
		}
		s.InAxes[i] = axis
		if i > 0 && differ(s.Steps, x.Shape[axis]) {
			return s, fmt.Errorf("%v has %v steps where another input has %v", x, x.Shape[axis], s.Steps)
		}
		if _, known := s.Steps.Known(); i == 0 || !known {
			s.Steps = x.Shape[axis]
		}
	}
	return s, nil
}
