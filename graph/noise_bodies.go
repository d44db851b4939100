package graph

import "slices"

// maxRounds bounds the iterations of a Loop whose noise becomes an input: there is noise for each of them.
const maxRounds = 1 << 20

// liftBody lifts what body i of n draws into values of g that n takes as inputs: all of it, or nothing where the shape of
// some of it, or the number of rounds, is known only in a run. A branch of an If reads the noise as it is. A Scan walks along
// it, and a Loop takes from it by the number of the iteration, so it has an axis for the rounds: the second one, since rows
// come first, or the first one of single numbers.
func (g *Graph) liftBody(n *Node, i int) []Lifted {
	body := n.Bodies()[i].Clone()
	drawn := body.liftNodes()
	if len(drawn) == 0 || body.Err() != nil {
		return nil
	}
	bound, rounds, ok := roundsOf(n, i)
	if !ok {
		return nil
	}
	around := make([]Shape, len(drawn))
	for k, l := range drawn {
		if around[k], ok = bound.tell(l.Value.Shape); !ok {
			return nil
		}
	}
	p := passage{n: n, body: body, rounds: rounds, own: len(n.Own())}
	p.captured = p.own
	for _, b := range n.Bodies()[:i+1] {
		p.captured += len(b.Outer)
	}
	n.Attrs = n.Attrs.clone()
	for k, l := range drawn {
		inside := l.Value
		axis := min(1, len(inside.Shape))
		if n.Op != "If" {
			around[k] = slices.Insert(around[k], axis, rounds)
		}
		drawn[k].Value = g.noiseInput(inside.Name, inside.DType, around[k])
		p.feed(drawn[k].Value, inside, axis)
	}
	n.Attrs[Lookup(n.Domain, n.Op).Bodies[i]] = body
	g.Fail(body.Err())
	if g.err == nil {
		g.Fail(InferNode(n))
	}
	return drawn
}

// roundsOf is what the symbols of body i of n stand for, and how often the body runs at most. ok is false where that is
// known only in a run.
func roundsOf(n *Node, i int) (b binding, rounds Dim, ok bool) {
	switch n.Op {
	case "If":
		b = binding{}
		return b, N(1), b.outer(n, i) == nil
	case "Scan":
		s, err := ScanOf(n)
		if err != nil {
			return nil, Dim{}, false
		}
		b, err = s.bind(n)
		return b, s.Steps, err == nil
	case "Loop":
		most := n.Own()[0]
		if most == nil || len(most.Ints) != 1 {
			return nil, Dim{}, false
		}
		if k, known := most.Ints[0].Known(); known && (k < 0 || k > maxRounds) {
			return nil, Dim{}, false
		}
		b, err := bindLoop(n)
		return b, most.Ints[0], err == nil
	}
	return nil, Dim{}, false
}

// passage leads noise into a copy of a body of n.
type passage struct {
	n             *Node
	body          *Graph
	rounds        Dim
	own, captured int // where the node's own inputs end, and those that stand there for the body
}

// feed lets the body have, as inside, what outside is in the graph around it, round by round along an axis.
func (p *passage) feed(outside, inside *Value, axis int) {
	switch p.n.Op {
	case "If":
		p.body.Outer = append(p.body.Outer, inside)
	case "Loop":
		all := &Value{Name: p.body.freeName(inside.Name + "_rounds"), DType: inside.DType, Shape: slices.Insert(slices.Clone(inside.Shape), axis, p.rounds)}
		p.body.Fail(p.body.Register(all))
		p.body.Outer = append(p.body.Outer, all)
		inside.Producer = &Node{Name: inside.Name, Op: "Gather", Attrs: Attrs{"axis": int64(axis)},
			Inputs: []*Value{all, p.body.Inputs[0]}, Outputs: []*Value{inside}}
		p.body.Nodes = slices.Insert(p.body.Nodes, 0, inside.Producer)
		p.body.Fail(InferNode(inside.Producer))
	case "Scan":
		p.walk(outside, inside, axis)
		return
	}
	p.n.Inputs = slices.Insert(slices.Clone(p.n.Inputs), p.captured, outside)
	p.captured++
}

// walk adds an input that a Scan walks along.
func (p *passage) walk(outside, inside *Value, axis int) {
	n, walked := p.n, p.n.Int("num_scan_inputs", 0)
	for _, list := range []struct {
		name  string
		value int
	}{{"scan_input_axes", axis}, {"scan_input_directions", 0}} {
		have := n.Ints(list.name)
		if len(have) == 0 {
			have = make([]int, walked)
		}
		n.Attrs[list.name] = ints64(append(slices.Clone(have), list.value)...)
	}
	n.Attrs["num_scan_inputs"] = int64(walked + 1)
	p.body.Inputs = append(p.body.Inputs, inside)
	n.Inputs = slices.Insert(slices.Clone(n.Inputs), p.own, outside)
	p.own++
}
