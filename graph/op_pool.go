package graph

import (
	"fmt"

	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(
		&Op{Name: "MaxPool", Inputs: [2]int{1, 1}, Outputs: [2]int{1, 2}, Infer: inferPool, Gradient: maxPoolGradient,
			Undifferentiable: func(n *Node) string {
				if n.Int("storage_order", 0) != 0 {
					return "column-major indices"
				}
				return ""
			}},
		&Op{Name: "AveragePool", Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Infer: inferPool, Gradient: averagePoolGradient,
			Undifferentiable: func(n *Node) string {
				if n.Int("ceil_mode", 0) != 0 {
					return "ceil_mode"
				}
				return windowUnknown(n)
			}},
		// y = mean of x over the spatial axes, so dx = dy / k.
		&Op{Name: "GlobalAveragePool", Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Infer: inferGlobalPool,
			Gradient: func(g *Graph, n *Node, dy []*Value) []*Value {
				x := n.Inputs[0]
				return []*Value{g.expandLike(g.averaged(dy[0], x, n.Outputs[0]), x)}
			}},
		// y = max of x over the spatial axes: ties share dy equally.
		&Op{Name: "GlobalMaxPool", Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Infer: inferGlobalPool,
			Gradient: func(g *Graph, n *Node, dy []*Value) []*Value {
				x, y := n.Inputs[0], n.Outputs[0]
				hit := g.Cast(g.Equal(x, y), x.DType)
				return []*Value{g.Mul(hit, g.Div(dy[0], g.ReduceSum(hit, true, allAxes(len(x.Shape))[2:]...)))}
			}},
	)
}

func inferPool(n *Node) error {
	x, y := n.Inputs[0], n.Outputs[0]
	w, err := ConvWindow(n)
	if err != nil {
		return err
	}
	s := Shape{x.Shape[0], x.Shape[1]}
	for i := range w.Kernel {
		if w.Begin[i] >= w.reach(i) || w.End[i] >= w.reach(i) {
			return fmt.Errorf("pads %v and %v are as wide as the kernel %v", w.Begin, w.End, w.Kernel)
		}
		d, err := w.slide(i, x.Shape[2+i], n.Int("ceil_mode", 0) != 0)
		if err != nil {
			return err
		}
		s = append(s, d)
	}
	y.DType, y.Shape = x.DType, s
	if places := n.Output(1); places != nil {
		places.DType, places.Shape = tensor.Int64, s
	}
	return nil
}

func inferGlobalPool(n *Node) error {
	x, y := n.Inputs[0], n.Outputs[0]
	if len(x.Shape) < 3 {
		return fmt.Errorf("the input %v has no spatial axis", x.Shape)
	}
	y.DType, y.Shape = x.DType, Shape{x.Shape[0], x.Shape[1]}
	for range x.Shape[2:] {
		y.Shape = append(y.Shape, N(1))
	}
	return nil
}

// y = max of each window, so dx sums dy to the places the maxima came from. MaxPool's second output has them, as
// indices into all of x; the node is given that output if it has none.
func maxPoolGradient(g *Graph, n *Node, dy []*Value) []*Value {
	places := g.wanted(n, 1)
	x, flat := n.Inputs[0], g.Int64s(-1)
	zeros := g.zeros(x.DType, g.countOf(x))
	sums := g.Node("ScatterElements", Attrs{"reduction": "add"}, zeros, g.Reshape(places, flat), g.Reshape(dy[0], flat))
	return []*Value{g.reshapeLike(sums, x)}
}

// y = sum of each window / count, so dx is the transposed convolution of dy / count with a kernel of ones, for each
// channel alone. count is the kernel's size, or, where pads do not count, how much of the window lies on x.
func averagePoolGradient(g *Graph, n *Node, dy []*Value) []*Value {
	w, err := ConvWindow(n)
	if err != nil {
		g.Fail(err)
		return nil
	}
	x := n.Inputs[0]
	w.Group = 1
	single := func(v *Value) *Value { // [n, c, ...] as [n*c, 1, ...]
		dims := []*Value{g.Int64s(-1), g.Int64s(1)}
		for i := 2; i < len(v.Shape); i++ {
			dims = append(dims, g.dimOf(v, i))
		}
		return g.Reshape(v, g.concatInts(dims...))
	}
	ones := g.Const(onesOf(x.DType, append([]int{1, 1}, w.Kernel...)...))
	d, images := single(dy[0]), single(x)
	padded := false
	size := 1
	for i, k := range w.Kernel {
		padded = padded || w.Begin[i] > 0 || w.End[i] > 0
		size *= k
	}
	count := g.Scalar(float64(size), x)
	if padded && n.Int("count_include_pad", 0) == 0 {
		one := g.Int64s(1)
		dims := []*Value{one, one}
		for i := range w.Kernel {
			dims = append(dims, g.dimOf(x, 2+i))
		}
		count = g.Node("Conv", w.attrs(), g.Fill(g.concatInts(dims...), onesOf(x.DType, 1)), ones)
	}
	return []*Value{g.reshapeLike(g.convInputGradient(g.Div(d, count), ones, images, w), x)}
}

func onesOf(dtype tensor.DType, shape ...int) *tensor.Tensor {
	t := tensor.New(dtype, shape...)
	switch dtype {
	case tensor.Float64:
		fill(tensor.Data[float64](t), 1)
	case tensor.Float32:
		fill(tensor.Data[float32](t), 1)
	}
	return t
}

func fill[T any](s []T, v T) {
	for i := range s {
		s[i] = v
	}
}
