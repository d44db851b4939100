package graph

import (
	"fmt"
	"slices"
)

// DrawInside is the way back of LiftNoise: each of g's noise inputs (see NoiseInputs) becomes a node that draws it, just
// before it is first read. What the inputs were computed into stays as ordinary nodes.
func DrawInside(g *Graph) error {
	for _, l := range NoiseInputs(g) {
		if err := g.drawInside(l); err != nil {
			return fmt.Errorf("graph: draw %q inside: %w", l.Value.Name, err)
		}
	}
	return g.Err()
}

func (g *Graph) drawInside(l Lifted) error {
	v := l.Value
	g.Inputs = slices.DeleteFunc(g.Inputs, func(w *Value) bool { return w == v })
	g.Metadata = slices.DeleteFunc(g.Metadata, func(p Property) bool { return p.Key == noiseKey+v.Name })
	at := slices.IndexFunc(g.Nodes, func(n *Node) bool { return slices.Contains(n.Inputs, v) })
	if at < 0 {
		g.forget(v)
		return nil
	}
	op := map[string]string{Normal: "RandomNormal", Uniform: "RandomUniform"}[l.Distribution]
	later := slices.Clone(g.Nodes[at:])
	g.Nodes = g.Nodes[:at]
	attrs := Attrs{"dtype": int64(v.DType)}
	if shape, known := v.Shape.Known(); known {
		attrs["shape"] = ints64(shape...)
		g.write(v, v.Name, op, attrs)
	} else {
		like, err := g.shapedAs(v, later[0])
		if err != nil {
			return err
		}
		g.write(v, v.Name, op+"Like", attrs, like)
	}
	g.Nodes = append(g.Nodes, later...)
	return nil
}

// shapedAs is a value of v's shape that exists before the node next: one of its operands, what was computed last, an input;
// or else a tensor made of extents found one by one.
func (g *Graph) shapedAs(v *Value, next *Node) (*Value, error) {
	before := slices.Clone(g.Inputs)
	for _, n := range g.Nodes {
		before = append(before, n.Outputs...)
	}
	before = slices.DeleteFunc(before, func(w *Value) bool { return w == nil || w.Shape == nil || g.Property(noiseKey+w.Name) != "" })
	for _, w := range slices.Backward(append(before[:len(before):len(before)], next.Inputs...)) {
		if slices.Contains(before, w) && w.Shape.Equal(v.Shape) && w.DType.IsFloat() {
			return w, nil
		}
	}
	extents := make([]*Value, len(v.Shape))
	for i, d := range v.Shape {
		if k, known := d.Known(); known {
			extents[i] = g.Int64s(k)
			continue
		}
		for _, w := range before {
			if axis := slices.IndexFunc(w.Shape, d.Equal); axis >= 0 {
				extents[i] = g.Gather(g.Node("Shape", nil, w), g.Int64s(axis), 0)
				break
			}
		}
		if extents[i] == nil {
			return nil, fmt.Errorf("nothing before it has the extent %v: %w", d, ErrUnsupported)
		}
	}
	return g.Node("ConstantOfShape", nil, g.Concat(0, extents...)), nil
}
