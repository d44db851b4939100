package graph

import (
	"errors"
	"fmt"
)

// Verify checks that g is whole: every name stands for one value, every value is computed before it is read and by one
// node, every node has as many inputs and outputs as its operator, types and shapes follow from the inputs', and the
// outputs exist. It does not change g. The error joins all that is wrong.
func Verify(g *Graph) error {
	v := verifier{g: g, names: map[string]*Value{}, made: map[*Value]bool{}}
	for _, x := range g.Inputs {
		v.check(x.IsInput(), "input %q has data or a producer", x.Name)
		v.define(x)
	}
	for _, x := range g.Outer {
		v.check(x.IsInput(), "outer value %q has data or a producer", x.Name)
		v.define(x)
	}
	for _, w := range g.Weights {
		v.check(w.IsWeight() && w.Producer == nil, "weight %q has no data of its own", w.Name)
		v.define(w)
	}
	for _, n := range g.Nodes {
		v.node(n)
	}
	for i, y := range g.Outputs {
		if y == nil {
			v.check(false, "output %d is nil", i)
			continue
		}
		v.read(y, fmt.Sprintf("output %d", i))
	}
	if err := g.Err(); err != nil {
		v.errs = append(v.errs, err)
	}
	if len(v.errs) == 0 {
		v.types()
	}
	return errors.Join(v.errs...)
}

type verifier struct {
	g     *Graph
	names map[string]*Value
	made  map[*Value]bool
	errs  []error
}

func (v *verifier) check(ok bool, format string, args ...any) {
	if !ok {
		v.errs = append(v.errs, fmt.Errorf("graph: verify: "+format, args...))
	}
}

// define notes that x exists from here on.
func (v *verifier) define(x *Value) {
	v.check(x.Name != "", "a value has no name")
	v.check(!v.made[x], "%q is made twice", x.Name)
	v.check(v.names[x.Name] == nil || v.names[x.Name] == x, "two values are called %q", x.Name)
	v.check(x.Data == nil || x.Shape.Equal(shapeOf(x.Data)) && x.DType == x.Data.DType(), "%v holds %v", x, x.Data)
	v.names[x.Name], v.made[x] = x, true
}

// read checks that x exists where who reads it.
func (v *verifier) read(x *Value, who string) {
	if x.Constant && x.Data != nil && !v.made[x] {
		v.define(x)
	}
	v.check(v.made[x], "%s reads %q before it is computed", who, x.Name)
}

func (v *verifier) node(n *Node) {
	who := fmt.Sprintf("node %s %q", n.Op, n.Name)
	op := Lookup(n.Domain, n.Op)
	if v.check(op != nil, "%s: no such operator", who); op != nil {
		if err := checkArity(op, n); err != nil {
			v.errs = append(v.errs, err)
		}
	}
	for _, x := range n.Inputs {
		if x != nil {
			v.read(x, who)
		}
	}
	for _, b := range n.Bodies() {
		if err := Verify(b); err != nil {
			v.errs = append(v.errs, fmt.Errorf("graph: verify: %s: in its body: %w", who, err))
		}
	}
	for _, y := range n.Outputs {
		if y != nil {
			v.check(y.Producer == n && y.Data == nil, "%s gives %q, which names another producer", who, y.Name)
			v.define(y)
		}
	}
}

// types infers a copy of g and holds the recorded types and shapes against it.
func (v *verifier) types() {
	c, at := v.g.CloneMap()
	if err := Infer(c); err != nil {
		v.errs = append(v.errs, err)
		return
	}
	for _, n := range v.g.Nodes {
		for _, y := range n.Outputs {
			if y == nil {
				continue
			}
			z := at[y]
			same := y.DType == z.DType && y.Kind == z.Kind && (len(y.Shape) == len(z.Shape) || z.Shape == nil)
			for i := range min(len(y.Shape), len(z.Shape)) {
				same = same && !differ(y.Shape[i], z.Shape[i])
			}
			v.check(same, "%v of node %s %q must be %v", y, n.Op, n.Name, z)
		}
	}
}
