package kernel

import "github.com/elbo-ml/elbo/tensor"

// window is the geometry of a sliding window: the attributes of convolutions and pools with their defaults, and
// auto_pad resolved from the extents.
type window struct {
	kernel, stride, dilation, begin []int
}

// windowOf reads the attributes; wide are the spatial extents of the side the window slides over, narrow the other's.
func windowOf(c *Call, kernel, wide, narrow tensor.Shape) window {
	n := len(wide)
	w := window{
		kernel: kernel, stride: intsOr(c.Node.Ints("strides"), n, 1),
		dilation: intsOr(c.Node.Ints("dilations"), n, 1), begin: intsOr(nil, n, 0),
	}
	pads := intsOr(c.Node.Ints("pads"), 2*n, 0)
	auto := c.Node.Str("auto_pad", "NOTSET")
	for i := range n {
		switch auto {
		case "NOTSET", "":
			w.begin[i] = pads[i]
		case "SAME_UPPER", "SAME_LOWER":
			total := max(0, (narrow[i]-1)*w.stride[i]+(kernel[i]-1)*w.dilation[i]+1-wide[i])
			w.begin[i] = total / 2
			if auto == "SAME_LOWER" {
				w.begin[i] = total - total/2
			}
		}
	}
	return w
}

func intsOr(v []int, n, def int) []int {
	if len(v) == n {
		return v
	}
	out := make([]int, n)
	fill(out, def)
	return out
}
