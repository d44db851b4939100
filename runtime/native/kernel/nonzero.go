package kernel

import (
	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

func init() { register(&Kernel{Op: "NonZero", Dynamic: nonZero}) }

// nonZero is the coordinates of the elements that are not zero: one row for each axis, in row-major order.
func nonZero(_ *graph.Node, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	x := in[0]
	var found []int
	for i, v := range x.Floats() {
		if v != 0 {
			found = append(found, i)
		}
	}
	y := tensor.New(tensor.Int64, len(x.Shape()), len(found))
	out := tensor.Data[int64](y)
	for axis, stride := range x.Shape().Strides() {
		for k, i := range found {
			out[axis*len(found)+k] = int64(i / stride % x.Shape()[axis])
		}
	}
	return []*tensor.Tensor{y}, nil
}
