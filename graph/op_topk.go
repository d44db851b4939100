package graph

import (
	"fmt"

	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(&Op{Name: "TopK", Inputs: [2]int{2, 2}, Outputs: [2]int{2, 2}, Infer: inferTopK,
		// y are entries of x, so dx has dy in their places.
		Gradient: func(g *Graph, n *Node, dy []*Value) []*Value {
			x := n.Inputs[0]
			attrs := Attrs{"axis": int64(n.Int("axis", -1)), "reduction": "add"}
			return []*Value{g.Node("ScatterElements", attrs, g.ZerosLike(x), g.wanted(n, 1), dy[0]), nil}
		}})
}

// inferTopK: values and places of the k largest (or smallest) entries of x along an axis.
func inferTopK(n *Node) error {
	x, k, values, places := n.Inputs[0], n.Inputs[1], n.Outputs[0], n.Outputs[1]
	a, err := axis(n.Int("axis", -1), len(x.Shape))
	if err != nil {
		return err
	}
	count := freshDim(values, a)
	if d := at(k, 0); d != nil {
		count = *d
	}
	if c, known := compareDims(count, x.Shape[a]); known && c > 0 {
		return fmt.Errorf("the %v largest of %v", count, x.Shape[a])
	}
	if c, known := compareDims(count, N(0)); known && c < 0 {
		return fmt.Errorf("the %v largest", count)
	}
	s := append(Shape{}, x.Shape...)
	s[a] = count
	values.DType, values.Shape = x.DType, s
	places.DType, places.Shape = tensor.Int64, s
	return nil
}
