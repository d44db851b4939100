package kernel

import (
	"github.com/elbo-ml/elbo/runtime/native/conv"
	"github.com/elbo-ml/elbo/runtime/native/pool"
)

func init() {
	register(
		&Kernel{Op: "Conv", Types: floats(convolution(false, conv.Forward[float32]), convolution(false, conv.Forward[float64]))},
		&Kernel{Op: "ConvTranspose", Types: floats(convolution(true, conv.Transpose[float32]), convolution(true, conv.Transpose[float64]))},
	)
}

// convolution binds package conv's function to a node; transposed windows slide over the output.
func convolution[T Float](transposed bool, f func(p *pool.Pool, threads int, s *conv.Spec, x, w, bias, y []T)) Bind {
	return func(c *Call) (Task, error) {
		x, w, bias, y := c.In[0], c.In[1], c.Input(2), c.Out[0]
		in, out := x.Shape[2:], y.Shape[2:]
		wide, narrow := in, out
		if transposed {
			wide, narrow = out, in
		}
		win := windowOf(c, w.Shape[2:], wide, narrow)
		if shape := c.Node.Ints("output_shape"); transposed && shape != nil {
			win.begin = outputShapePads(c, win, in, out)
		}
		s := &conv.Spec{
			Batch: x.Shape[0], Group: c.Node.Int("group", 1), InC: x.Shape[1], OutC: y.Shape[1],
			In: in, Kernel: win.kernel, Out: out, Stride: win.stride, Dilation: win.dilation, PadBegin: win.begin,
		}
		if y.Len() == 0 {
			return nothing, nil
		}
		return func() error {
			var b []T
			if bias != nil {
				b = Data[T](bias)
			}
			f(c.Cores.Pool, c.Cores.Threads, s, Data[T](x), Data[T](w), b, Data[T](y))
			return nil
		}, nil
	}
}

// outputShapePads are the pads at the beginning that make a transposed convolution give the output shape it was asked
// for: ONNX's total_padding, its smaller half first unless auto_pad is SAME_LOWER.
func outputShapePads(c *Call, w window, in, out []int) []int {
	begin := make([]int, len(in))
	extra := intsOr(c.Node.Ints("output_padding"), len(in), 0)
	for i := range begin {
		total := w.stride[i]*(in[i]-1) + extra[i] + (w.kernel[i]-1)*w.dilation[i] + 1 - out[i]
		begin[i] = total - total/2
		if c.Node.Str("auto_pad", "NOTSET") == "SAME_UPPER" {
			begin[i] = total / 2
		}
	}
	return begin
}
