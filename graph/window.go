package graph

import (
	"fmt"
	"slices"
)

// Window is how a convolution or a pooling slides over the spatial axes: one entry per axis.
type Window struct {
	Kernel, Strides, Dilations []int
	Begin, End                 []int // pads
	Group                      int
}

// maxWindow bounds the window's numbers, so that sums of them never overflow.
const maxWindow = 1 << 30

// reach is the extent that the window covers in axis i: dilation * (kernel - 1) + 1.
func (w Window) reach(i int) int { return w.Dilations[i]*(w.Kernel[i]-1) + 1 }

// ConvWindow is the window of a Conv, ConvTranspose or pooling node, its automatic pads resolved. It fails when those
// depend on an extent that is a symbol.
func ConvWindow(n *Node) (Window, error) {
	x := n.Inputs[0]
	spatial := len(x.Shape) - 2
	if spatial < 1 {
		return Window{}, fmt.Errorf("the input %v has no spatial axis", x.Shape)
	}
	kernel := n.Ints("kernel_shape")
	if n.Op == "Conv" || n.Op == "ConvTranspose" {
		wt := n.Inputs[1]
		if len(wt.Shape) != len(x.Shape) {
			return Window{}, fmt.Errorf("input %v and weight %v differ in rank", x.Shape, wt.Shape)
		}
		if k, ok := wt.Shape[2:].Known(); ok {
			if kernel != nil && !slices.Equal(kernel, k) {
				return Window{}, fmt.Errorf("kernel_shape %v, but the weight is %v", kernel, wt.Shape)
			}
			kernel = k
		}
		if kernel == nil {
			return Window{}, errSymbolicKernel
		}
	}
	ones := make([]int, spatial)
	for i := range ones {
		ones[i] = 1
	}
	w := Window{Kernel: kernel, Strides: orDefault(n.Ints("strides"), ones), Dilations: orDefault(n.Ints("dilations"), ones),
		Group: n.Int("group", 1)}
	pads := orDefault(n.Ints("pads"), make([]int, 2*spatial))
	if len(w.Kernel) != spatial || len(w.Strides) != spatial || len(w.Dilations) != spatial || len(pads) != 2*spatial {
		return Window{}, fmt.Errorf("kernel %v, strides %v, dilations %v, pads %v do not fit %d spatial axes",
			w.Kernel, w.Strides, w.Dilations, pads, spatial)
	}
	for _, list := range [][]int{w.Kernel, w.Strides, w.Dilations} {
		for _, v := range list {
			if v < 1 || v > maxWindow {
				return Window{}, fmt.Errorf("kernel %v, strides %v, dilations %v must be positive", w.Kernel, w.Strides, w.Dilations)
			}
		}
	}
	for _, p := range pads {
		if p < 0 || p > maxWindow {
			return Window{}, fmt.Errorf("pads %v must not be negative", pads)
		}
	}
	if w.Group < 1 {
		return Window{}, fmt.Errorf("group %d", w.Group)
	}
	w.Begin, w.End = slices.Clone(pads[:spatial]), slices.Clone(pads[spatial:])
	return w, w.autoPad(n)
}

var errSymbolicKernel = fmt.Errorf("the kernel's extent is not known")

func orDefault(v, def []int) []int {
	if v == nil {
		return def
	}
	return v
}

// autoPad resolves auto_pad and output_shape: SAME pads so that the output has ceil(in / stride) elements
// (ConvTranspose: in * stride).
func (w *Window) autoPad(n *Node) error {
	mode := n.Str("auto_pad", "NOTSET")
	target := n.Ints("output_shape")
	if n.Op != "ConvTranspose" {
		target = nil
	}
	switch mode {
	case "NOTSET", "SAME_UPPER", "SAME_LOWER":
	case "VALID":
		clear(w.Begin)
		clear(w.End)
	default:
		return fmt.Errorf("auto_pad %q: %w", mode, ErrUnsupported)
	}
	if target == nil && (mode == "NOTSET" || mode == "VALID") {
		return nil
	}
	if target != nil && len(target) != len(w.Kernel) {
		target = target[max(0, len(target)-len(w.Kernel)):]
		if len(target) != len(w.Kernel) {
			return fmt.Errorf("output_shape %v does not fit %d spatial axes", target, len(w.Kernel))
		}
	}
	extra := n.Ints("output_padding")
	for i := range w.Kernel {
		in, known := n.Inputs[0].Shape[2+i].Known()
		total := 0
		switch {
		case n.Op == "ConvTranspose" && target == nil:
			total = w.reach(i) - w.Strides[i] // (in-1)*s + reach - total = in*s
			if i < len(extra) {
				total += extra[i]
			}
		case !known && w.Strides[i] == 1 && target == nil:
			total = w.reach(i) - 1
		case !known:
			return fmt.Errorf("pads that depend on the extent %v: %w", n.Inputs[0].Shape[2+i], ErrUnsupported)
		case target != nil:
			total = (in-1)*w.Strides[i] + w.reach(i) - target[i]
			if i < len(extra) {
				total += extra[i]
			}
		default:
			out := (in + w.Strides[i] - 1) / w.Strides[i]
			total = (out-1)*w.Strides[i] + w.reach(i) - in
		}
		total = max(total, 0)
		w.Begin[i] = total / 2
		if mode == "SAME_LOWER" || target != nil && mode != "SAME_UPPER" {
			w.Begin[i] = total - total/2
		}
		w.End[i] = total - w.Begin[i]
	}
	return nil
}

// attrs are the window as attributes of a node with explicit pads.
func (w Window) attrs() Attrs {
	return Attrs{"strides": ints64(w.Strides...), "dilations": ints64(w.Dilations...),
		"pads": append(ints64(w.Begin...), ints64(w.End...)...), "group": int64(w.Group)}
}

// slide is the number of places that the window takes on axis i of extent d: floor((d + pads - reach) / stride) + 1.
func (w Window) slide(i int, d Dim, ceil bool) (Dim, error) {
	room := d.Add(N(w.Begin[i] + w.End[i] - w.reach(i)))
	if k, ok := room.Known(); ok && k < 0 {
		return Dim{}, fmt.Errorf("a window of %d does not fit the extent %v padded by %d and %d", w.reach(i), d, w.Begin[i], w.End[i])
	}
	if !ceil {
		return room.Div(N(w.Strides[i])).Add(N(1)), nil
	}
	out := room.Add(N(w.Strides[i] - 1)).Div(N(w.Strides[i])).Add(N(1))
	if k, ok := out.Known(); ok {
		// The last window must start inside of the input or its left pad.
		if in, _ := d.Known(); (k-1)*w.Strides[i] >= in+w.Begin[i] {
			out = N(k - 1)
		}
	}
	return out, nil
}
