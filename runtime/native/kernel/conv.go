package kernel

import (
	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/conv"
	"github.com/elbo-ml/elbo/runtime/native/pool"
)

func init() {
	register(
		&Kernel{Op: "Conv", Types: floats(convolution(conv.Forward[float32]), convolution(conv.Forward[float64]))},
		&Kernel{Op: "ConvTranspose", Types: floats(convolution(conv.Transpose[float32]), convolution(conv.Transpose[float64]))},
	)
}

// convolution binds package conv's function to a node.
func convolution[T Float](f func(p *pool.Pool, threads int, s *conv.Spec, x, w, bias, y []T)) Bind {
	return func(c *Call) (Task, error) {
		x, w, bias, y := c.In[0], c.In[1], c.Input(2), c.Out[0]
		win, err := graph.ConvWindow(c.Node)
		if err != nil {
			return nil, err
		}
		if y.Len() == 0 {
			return nothing, nil
		}
		s := &conv.Spec{
			Batch: x.Shape[0], Group: win.Group, InC: x.Shape[1], OutC: y.Shape[1], In: x.Shape[2:], Out: y.Shape[2:],
			Kernel: win.Kernel, Stride: win.Strides, Dilation: win.Dilations, PadBegin: win.Begin,
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
