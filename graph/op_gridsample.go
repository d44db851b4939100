package graph

import "fmt"

func init() {
	register(&Op{Name: "GridSample", Inputs: [2]int{2, 2}, Outputs: [2]int{1, 1}, Infer: inferGridSample})
}

// inferGridSample: x [n, c, in...] and a grid [n, out..., d] of places in it, d being how many axes in has, give
// [n, c, out...].
func inferGridSample(n *Node) error {
	x, grid, y := n.Inputs[0], n.Inputs[1], n.Outputs[0]
	d := len(x.Shape) - 2
	if d < 1 || len(grid.Shape) != d+2 || differ(grid.Shape[d+1], N(d)) || differ(x.Shape[0], grid.Shape[0]) {
		return fmt.Errorf("the grid %v does not fit %v", grid.Shape, x.Shape)
	}
	if grid.DType != x.DType {
		return fmt.Errorf("input and grid must be of one type")
	}
	y.DType, y.Shape = x.DType, append(Shape{x.Shape[0], x.Shape[1]}, grid.Shape[1:d+1]...)
	return nil
}
