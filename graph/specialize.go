package graph

import (
	"fmt"
	"slices"
)

// Specialize is a copy of g for inputs of the given shapes, by input name: types and shapes are inferred anew. A symbol
// that a given shape fixes ("batch" = 8) is that number in every input.
func Specialize(g *Graph, shapes map[string][]int) (*Graph, error) {
	c := g.Clone()
	fixed := map[string]int{}
	for name := range shapes {
		if !slices.ContainsFunc(c.Inputs, func(v *Value) bool { return v.Name == name }) {
			return nil, fmt.Errorf("graph: specialize: there is no input %q", name)
		}
	}
	for _, v := range c.Inputs {
		shape, ok := shapes[v.Name]
		if !ok {
			continue
		}
		if len(shape) != len(v.Shape) {
			return nil, fmt.Errorf("graph: specialize: input %v cannot have shape %v", v, shape)
		}
		for i, n := range shape {
			name, symbol := v.Shape[i].symbol()
			before, seen := fixed[name]
			switch {
			case n < 0 || differ(v.Shape[i], N(n)):
				return nil, fmt.Errorf("graph: specialize: input %v cannot have shape %v", v, shape)
			case symbol && seen && before != n:
				return nil, fmt.Errorf("graph: specialize: %q is %d in one input and %d in %v", name, before, n, v)
			case symbol:
				fixed[name] = n
			}
		}
		v.Shape = make(Shape, len(shape))
		for i, n := range shape {
			v.Shape[i] = N(n)
		}
	}
	for _, v := range c.Inputs {
		v.Shape = slices.Clone(v.Shape)
		for i, d := range v.Shape {
			if name, ok := d.symbol(); ok {
				if n, ok := fixed[name]; ok {
					v.Shape[i] = N(n)
				}
			}
		}
	}
	return c, Infer(c)
}

// symbol is the name of an extent that is one symbol and nothing else.
func (d Dim) symbol() (string, bool) {
	if d.c != 0 || len(d.terms) != 1 || d.terms[0].coef != 1 || len(d.terms[0].atoms) != 1 {
		return "", false
	}
	return d.terms[0].atoms[0], true
}
