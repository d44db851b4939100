package graph

import (
	"fmt"

	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(
		&Op{Name: "Gather", Inputs: [2]int{2, 2}, Outputs: [2]int{1, 1}, Infer: inferGather, Gradient: gatherGradient},
		&Op{Name: "GatherElements", Inputs: [2]int{2, 2}, Outputs: [2]int{1, 1}, Infer: inferGatherElements,
			// y[i][j] = x[index[i][j]][j], so dx sums dy back to those places.
			Gradient: func(g *Graph, n *Node, dy []*Value) []*Value {
				x, index := n.Inputs[0], n.Inputs[1]
				attrs := Attrs{"axis": int64(n.Int("axis", 0)), "reduction": "add"}
				return []*Value{g.Node("ScatterElements", attrs, g.ZerosLike(x), index, dy[0]), nil}
			}},
		&Op{Name: "ScatterElements", Inputs: [2]int{3, 3}, Outputs: [2]int{1, 1}, Infer: inferScatterElements,
			Gradient: scatterElementsGradient,
			Undifferentiable: func(n *Node) string {
				if r := n.Str("reduction", "none"); r != "none" && r != "add" {
					return "reduction " + r
				}
				return ""
			}},
	)
}

func inferGather(n *Node) error {
	x, index, y := n.Inputs[0], n.Inputs[1], n.Outputs[0]
	a, err := axis(n.Int("axis", 0), len(x.Shape))
	if err != nil {
		return err
	}
	if err := isIndex(index); err != nil {
		return err
	}
	y.DType = x.DType
	y.Shape = append(append(append(Shape{}, x.Shape[:a]...), index.Shape...), x.Shape[a+1:]...)
	extent, known := x.Shape[a].Known()
	for _, i := range index.Ints {
		if k, ok := i.Known(); ok && known && (k >= extent || k < -extent) {
			return fmt.Errorf("index %d of an axis of extent %d", k, extent)
		}
	}
	if x.Ints != nil && len(x.Shape) == 1 {
		mapInts(y, func(d []Dim) (Dim, bool) {
			k, ok := d[0].Known()
			if k < 0 {
				k += len(x.Ints)
			}
			if !ok || k < 0 || k >= len(x.Ints) {
				return Dim{}, false
			}
			return x.Ints[k], true
		}, index)
	}
	return nil
}

func isIndex(v *Value) error {
	if v.DType != tensor.Int64 && v.DType != tensor.Int32 {
		return fmt.Errorf("indices are %v, and must be int64 or int32", v.DType)
	}
	return nil
}

// y = x[index] along axis a, so dx sums each dy into the row it came from. The axes of the index are made one, and
// ScatterElements adds along a.
func gatherGradient(g *Graph, n *Node, dy []*Value) []*Value {
	x, index := n.Inputs[0], n.Inputs[1]
	a, err := axis(n.Int("axis", 0), len(x.Shape))
	g.Fail(err)
	var shape []*Value
	view := make([]int, len(x.Shape))
	for i := range x.Shape {
		view[i] = 1
		shape = append(shape, g.dimOf(x, i))
	}
	view[a], shape[a] = -1, g.countOf(index)
	flat := g.concatInts(shape...)
	d := g.reshapeExact(dy[0], flat)
	rows := g.Expand(g.Reshape(index, g.Int64s(view...)), flat)
	return []*Value{g.Node("ScatterElements", Attrs{"axis": int64(a), "reduction": "add"}, g.ZerosLike(x), rows, d), nil}
}

// countOf is the number of elements of x as an int64 vector of one element.
func (g *Graph) countOf(x *Value) *Value {
	if n, ok := x.Shape.Size().Known(); ok {
		return g.Int64s(n)
	}
	return g.Reshape(g.Size(x), g.Int64s(1))
}

func inferGatherElements(n *Node) error {
	x, index, y := n.Inputs[0], n.Inputs[1], n.Outputs[0]
	if _, err := axis(n.Int("axis", 0), len(x.Shape)); err != nil {
		return err
	}
	if len(index.Shape) != len(x.Shape) {
		return fmt.Errorf("indices must have the rank of the data")
	}
	y.DType, y.Shape = x.DType, index.Shape
	return isIndex(index)
}

func inferScatterElements(n *Node) error {
	x, index, updates, y := n.Inputs[0], n.Inputs[1], n.Inputs[2], n.Outputs[0]
	if _, err := axis(n.Int("axis", 0), len(x.Shape)); err != nil {
		return err
	}
	if len(index.Shape) != len(x.Shape) || len(updates.Shape) != len(x.Shape) || updates.DType != x.DType {
		return fmt.Errorf("indices and updates must have the rank of the data, and updates its type")
	}
	for i := range index.Shape {
		if differ(index.Shape[i], updates.Shape[i]) {
			return fmt.Errorf("indices %v and updates %v differ in shape", index.Shape, updates.Shape)
		}
	}
	y.DType, y.Shape = x.DType, x.Shape
	return isIndex(index)
}

// y = x with updates u at the index, so du = dy there; dx = dy, and 0 where u replaced x rather than being added.
func scatterElementsGradient(g *Graph, n *Node, dy []*Value) []*Value {
	index, u := n.Inputs[1], n.Inputs[2]
	a := Attrs{"axis": int64(n.Int("axis", 0))}
	dx := dy[0]
	if n.Str("reduction", "none") == "none" {
		dx = g.Node("ScatterElements", a.clone(), dy[0], index, g.ZerosLike(u))
	}
	return []*Value{dx, nil, g.Node("GatherElements", a, dy[0], index)}
}

// Gather takes the entries of an axis that index names.
func (g *Graph) Gather(x, index *Value, axis int) *Value {
	return g.Node("Gather", Attrs{"axis": int64(axis)}, x, index)
}
