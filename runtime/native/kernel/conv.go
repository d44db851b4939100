package kernel

import (
	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/conv"
)

func init() {
	register(
		&Kernel{Op: "Conv", Finishes: finishes, Types: floats(convolution[float32](false), convolution[float64](false))},
		&Kernel{Op: "ConvTranspose", Finishes: finishes, Types: floats(convolution[float32](true), convolution[float64](true))},
	)
}

// convolution binds a convolution of package conv to a node.
func convolution[T Float](transpose bool) Bind {
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
		if c.Node.Int(OfWeights, 0) != 0 {
			return weightGradient[T](c, win), nil
		}
		f := conv.New[T](s, transpose, c.Cores.Count())
		f.Use(packedKernel(c, f))
		return func() error {
			var b []T
			if bias != nil {
				b = Data[T](bias)
			}
			f.Run(c.Cores.Pool, c.Cores.Threads, Data[T](x), Data[T](w), b, Data[T](y), c.Epilogue)
			return nil
		}, nil
	}
}

// finishes is Kernel.Finishes: all but gradients of weights call an epilogue.
func finishes(n *graph.Node) bool { return n.Int(OfWeights, 0) == 0 }

// OfWeights is the attribute by which the planner tells that a Conv node, of x [n,c,in...] and dy [n,m,out...], is the gradient
// [m,c/group,k...] of a convolution's weights. The node's strides are that convolution's dilations, and the other way round.
const OfWeights = "of_weights"

func weightGradient[T Float](c *Call, win graph.Window) Task {
	x, dy, dw := c.In[0], c.In[1], c.Out[0]
	f := conv.NewWeights[T](&conv.Spec{
		Batch: x.Shape[0], Group: win.Group, InC: x.Shape[1], OutC: dy.Shape[1], In: x.Shape[2:], Out: dy.Shape[2:],
		Kernel: dw.Shape[2:], Stride: win.Dilations, Dilation: win.Strides, PadBegin: win.Begin,
	})
	return func() error {
		f.Run(c.Cores.Pool, c.Cores.Threads, Data[T](x), Data[T](dy), Data[T](dw))
		return nil
	}
}
