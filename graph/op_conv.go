package graph

import "fmt"

func init() {
	register(&Op{Name: "Conv", Inputs: [2]int{2, 3}, Outputs: [2]int{1, 1}, Infer: inferConv,
		Undifferentiable: windowUnknown, Gradient: convGradient})
}

func windowUnknown(n *Node) string {
	if _, err := ConvWindow(n); err != nil {
		return err.Error()
	}
	return ""
}

// inferConv: x [n, c, in...], W [m, c/group, k...], b [m] give y [n, m, out...].
func inferConv(n *Node) error {
	x, wt, b, y := n.Inputs[0], n.Inputs[1], n.Input(2), n.Outputs[0]
	if wt.DType != x.DType || b != nil && b.DType != x.DType {
		return fmt.Errorf("inputs must be of one type")
	}
	if len(x.Shape) < 3 || len(wt.Shape) != len(x.Shape) {
		return fmt.Errorf("input and weight must have a batch, a channel and the same spatial axes")
	}
	y.DType, y.Shape = x.DType, Shape{x.Shape[0], wt.Shape[0]}
	group := n.Int("group", 1)
	if group < 1 || differ(x.Shape[1], wt.Shape[1].Mul(N(group))) {
		return fmt.Errorf("the input has %v channels, the weight takes %v in each of %d groups", x.Shape[1], wt.Shape[1], group)
	}
	if m, ok := wt.Shape[0].Known(); ok && m%group != 0 {
		return fmt.Errorf("%d output channels do not split into %d groups", m, group)
	}
	if b != nil && (len(b.Shape) != 1 || differ(b.Shape[0], wt.Shape[0])) {
		return fmt.Errorf("the bias must be [%v]", wt.Shape[0])
	}
	w, err := ConvWindow(n)
	if err == errSymbolicKernel {
		return inferSymbolicConv(n)
	}
	if err != nil {
		return err
	}
	for i := range w.Kernel {
		d, err := w.slide(i, x.Shape[2+i], false)
		if err != nil {
			return err
		}
		y.Shape = append(y.Shape, d)
	}
	return nil
}

// inferSymbolicConv is the shape where the kernel's extent is symbolic, as in the gradient of a weight on images of
// open size: there the kernel is an image.
func inferSymbolicConv(n *Node) error {
	x, wt, y := n.Inputs[0], n.Inputs[1], n.Outputs[0]
	if n.Str("auto_pad", "NOTSET") != "NOTSET" {
		return fmt.Errorf("auto_pad with a kernel of unknown extent: %w", ErrUnsupported)
	}
	spatial := len(x.Shape) - 2
	strides, dilations, pads := n.Ints("strides"), n.Ints("dilations"), n.Ints("pads")
	for i := range spatial {
		s, d, p := 1, 1, 0
		if i < len(strides) {
			s = strides[i]
		}
		if i < len(dilations) {
			d = dilations[i]
		}
		if spatial+i < len(pads) {
			p = pads[i] + pads[spatial+i]
		}
		if s < 1 {
			return fmt.Errorf("strides %v must be positive", strides)
		}
		reach := wt.Shape[2+i].Sub(N(1)).Mul(N(d)).Add(N(1))
		y.Shape = append(y.Shape, x.Shape[2+i].Add(N(p)).Sub(reach).Div(N(s)).Add(N(1)))
	}
	return nil
}

func convGradient(g *Graph, n *Node, dy []*Value) []*Value {
	w, err := ConvWindow(n)
	if err != nil {
		g.Fail(err)
		return nil
	}
	x, wt := n.Inputs[0], n.Inputs[1]
	out := []*Value{g.convInputGradient(dy[0], wt, x, w), g.convWeightGradient(x, dy[0], wt, w)}
	if b := n.Input(2); b != nil {
		out = append(out, g.sumPerChannel(dy[0]))
	}
	return out
}

// sumPerChannel sums over all axes but the second.
func (g *Graph) sumPerChannel(x *Value) *Value { return g.ReduceSum(x, false, notChannel(x)...) }

func notChannel(x *Value) []int {
	list := []int{0}
	for i := 2; i < len(x.Shape); i++ {
		list = append(list, i)
	}
	return list
}

// convInputGradient is d loss / dx of y = conv(x, wt): a transposed convolution of dy with wt. Where the window does
// not end flush with the padded input, the rows it never reached get zeros: output_padding, or, for extents that are
// symbols, a Pad computed from the shapes.
func (g *Graph) convInputGradient(dy, wt, x *Value, w Window) *Value {
	attrs := w.attrs()
	extra := make([]int64, len(w.Kernel))
	flush := true
	for i := range w.Kernel {
		in, ok := x.Shape[2+i].Known()
		if w.Strides[i] == 1 {
			continue
		}
		flush = flush && ok
		extra[i] = int64((in + w.Begin[i] + w.End[i] - w.reach(i)) % w.Strides[i])
	}
	if flush {
		attrs["output_padding"] = extra
		return g.Node("ConvTranspose", attrs, dy, wt)
	}
	attrs["pads"] = make([]int64, 2*len(w.Kernel))
	full := g.Node("ConvTranspose", attrs, dy, wt)
	begin, end := []*Value{g.Int64s(0), g.Int64s(0)}, []*Value{g.Int64s(0), g.Int64s(0)}
	for i := range w.Kernel {
		begin = append(begin, g.Int64s(-w.Begin[i]))
		missing := g.Sub(g.dimOf(x, 2+i), g.dimOf(full, 2+i))
		end = append(end, g.Add(missing, g.Int64s(w.Begin[i])))
	}
	return g.Pad(full, g.concatInts(append(begin, end...)...))
}

// convWeightGradient is d loss / dW of y = conv(x, W): the convolution of x with dy, where batch and channels change
// places and strides and dilations too:
//
//	dW[m,c,k] = sum over n, t of dy[n,m,t] x[n,c, t*stride + k*dilation - pad].
//
// The groups of x's channels stand beside the batch, so that one grouped convolution does all.
func (g *Graph) convWeightGradient(x, dy, wt *Value, w Window) *Value {
	spatial := len(w.Kernel)
	rest := func(v *Value) (dims []*Value) {
		for i := range spatial {
			dims = append(dims, g.dimOf(v, 2+i))
		}
		return dims
	}
	images := g.Transpose(x, swapFirst(spatial+2)...) // [c, n, in...]
	if w.Group > 1 {
		perGroup, groups, n := g.dimOf(wt, 1), g.Int64s(w.Group), g.dimOf(x, 0)
		split := g.reshapeExact(images, g.concatInts(append([]*Value{groups, perGroup, n}, rest(x)...)...)) // [g, c/g, n, in...]
		split = g.Transpose(split, swapFirst(spatial+3)...)                                                 // [c/g, g, n, in...]
		images = g.reshapeExact(split, g.concatInts(append([]*Value{perGroup, g.foldInts(g.Mul(groups, n))}, rest(x)...)...))
	}
	kernels := g.Transpose(dy, swapFirst(spatial+2)...) // [m, n, out...]
	swapped := w
	swapped.Strides, swapped.Dilations = w.Dilations, w.Strides
	dw := g.Transpose(g.Node("Conv", swapped.attrs(), images, kernels), swapFirst(spatial+2)...) // [m, c/g, >= k...]
	if g.err != nil {
		return dw
	}
	var starts, ends, cut []int
	for i := range w.Kernel {
		if w.Strides[i] > w.Dilations[i] && !dw.Shape[2+i].Is(w.Kernel[i]) {
			starts, ends, cut = append(starts, 0), append(ends, w.Kernel[i]), append(cut, 2+i)
		}
	}
	if len(cut) > 0 {
		dw = g.Slice(dw, starts, ends, cut)
	}
	return dw
}

func swapFirst(rank int) []int {
	perm := allAxes(rank)
	perm[0], perm[1] = 1, 0
	return perm
}
