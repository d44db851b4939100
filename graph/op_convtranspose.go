package graph

import "fmt"

func init() {
	register(&Op{Name: "ConvTranspose", Inputs: [2]int{2, 3}, Outputs: [2]int{1, 1}, Infer: inferConvTranspose,
		Undifferentiable: windowUnknown, Gradient: convTransposeGradient})
}

// inferConvTranspose: x [n, c, in...], W [c, m/group, k...], b [m] give y [n, m, out...], where
// out = stride * (in-1) + output_padding + reach - pads.
func inferConvTranspose(n *Node) error {
	x, wt, b, y := n.Inputs[0], n.Inputs[1], n.Input(2), n.Outputs[0]
	if wt.DType != x.DType || b != nil && b.DType != x.DType {
		return fmt.Errorf("inputs must be of one type")
	}
	if len(x.Shape) < 3 || len(wt.Shape) != len(x.Shape) {
		return fmt.Errorf("input and weight must have a batch, a channel and the same spatial axes")
	}
	w, err := ConvWindow(n)
	if err != nil {
		return err
	}
	extra, err := outputPadding(n, len(w.Kernel))
	if err != nil {
		return err
	}
	if differ(x.Shape[1], wt.Shape[0]) {
		return fmt.Errorf("the input has %v channels, the weight takes %v", x.Shape[1], wt.Shape[0])
	}
	if c, ok := wt.Shape[0].Known(); ok && c%w.Group != 0 {
		return fmt.Errorf("%d channels do not split into %d groups", c, w.Group)
	}
	m := wt.Shape[1].Mul(N(w.Group))
	if b != nil && (len(b.Shape) != 1 || differ(b.Shape[0], m)) {
		return fmt.Errorf("the bias must be [%v]", m)
	}
	y.DType, y.Shape = x.DType, Shape{x.Shape[0], m}
	for i := range w.Kernel {
		d := x.Shape[2+i].Sub(N(1)).Mul(N(w.Strides[i])).Add(N(extra[i] + w.reach(i) - w.Begin[i] - w.End[i]))
		if k, ok := d.Known(); ok && k < 0 {
			return fmt.Errorf("pads %v and %v leave nothing of axis %d", w.Begin, w.End, 2+i)
		}
		y.Shape = append(y.Shape, d)
	}
	return nil
}

func outputPadding(n *Node, spatial int) ([]int, error) {
	extra := orDefault(n.Ints("output_padding"), make([]int, spatial))
	if len(extra) != spatial {
		return nil, fmt.Errorf("output_padding %v does not fit %d spatial axes", extra, spatial)
	}
	for _, p := range extra {
		if p < 0 || p > maxWindow {
			return nil, fmt.Errorf("output_padding %v must not be negative", extra)
		}
	}
	return extra, nil
}

// y = convT(x, W) is the input gradient of a convolution, so dx = conv(dy, W) with the same window, and dW is that
// convolution's weight gradient with x and dy in each other's place.
func convTransposeGradient(g *Graph, n *Node, dy []*Value) []*Value {
	w, err := ConvWindow(n)
	if err != nil {
		g.Fail(err)
		return nil
	}
	x, wt, d := n.Inputs[0], n.Inputs[1], dy[0]
	dx := g.Node("Conv", w.attrs(), d, wt)
	extra, err := outputPadding(n, len(w.Kernel))
	g.Fail(err)
	for i, p := range extra {
		if p >= w.Strides[i] { // the window also fits into the output padding: those places are not of x
			zero, axis := g.Int64s(0), g.Int64s(2+i)
			dx = g.Node("Slice", nil, dx, zero, g.dimOf(x, 2+i), axis)
		}
	}
	out := []*Value{dx, g.convWeightGradient(d, x, wt, w)}
	if b := n.Input(2); b != nil {
		out = append(out, g.sumPerChannel(d))
	}
	return out
}
