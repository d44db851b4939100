package graph

import (
	"fmt"

	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(&Op{Name: "RoiAlign", Inputs: [2]int{3, 3}, Outputs: [2]int{1, 1}, Infer: inferRoiAlign})
}

// inferRoiAlign: pictures [n, c, height, width], regions [r, 4] of them and the picture of each [r] give [r, c, output_height,
// output_width].
func inferRoiAlign(n *Node) error {
	x, regions, of, y := n.Inputs[0], n.Inputs[1], n.Inputs[2], n.Outputs[0]
	h, w := n.Int("output_height", 1), n.Int("output_width", 1)
	if len(x.Shape) != 4 || len(regions.Shape) != 2 || len(of.Shape) != 1 || differ(regions.Shape[1], N(4)) || differ(regions.Shape[0], of.Shape[0]) {
		return fmt.Errorf("the regions %v of the pictures %v do not fit %v", regions.Shape, of.Shape, x.Shape)
	}
	if regions.DType != x.DType || of.DType != tensor.Int64 {
		return fmt.Errorf("pictures and regions must be of one type, and the pictures' numbers int64")
	}
	if h < 1 || w < 1 {
		return fmt.Errorf("an output of %d by %d", h, w)
	}
	y.DType, y.Shape = x.DType, Shape{regions.Shape[0], x.Shape[1], N(h), N(w)}
	return nil
}
