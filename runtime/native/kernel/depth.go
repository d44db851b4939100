package kernel

import "github.com/elbo-ml/elbo/tensor"

func init() {
	register(
		&Kernel{Op: "DepthToSpace", Types: anyType(bindDepthToSpace[uint8], bindDepthToSpace[uint16], bindDepthToSpace[uint32], bindDepthToSpace[uint64])},
		&Kernel{Op: "SpaceToDepth", Types: anyType(bindSpaceToDepth[uint8], bindSpaceToDepth[uint16], bindSpaceToDepth[uint32], bindSpaceToDepth[uint64])},
	)
}

// bindDepthToSpace moves blocks of channels into space; mode DCR takes the block from the front of the channels, CRD
// (PyTorch's PixelShuffle) from behind.
func bindDepthToSpace[T word](c *Call) (Task, error) {
	x, b := c.In[0], c.Node.Int("blocksize", 1)
	n, ch, h, w := x.Shape[0], x.Shape[1]/(b*b), x.Shape[2], x.Shape[3]
	shape, perm := tensor.Shape{n, b, b, ch, h, w}, []int{0, 3, 4, 1, 5, 2}
	if c.Node.Str("mode", "DCR") == "CRD" {
		shape, perm = tensor.Shape{n, ch, b, b, h, w}, []int{0, 1, 4, 2, 5, 3}
	}
	return permute[T](c.Cores, c.Out[0], x, shape, perm), nil
}

func bindSpaceToDepth[T word](c *Call) (Task, error) {
	x, b := c.In[0], c.Node.Int("blocksize", 1)
	shape := tensor.Shape{x.Shape[0], x.Shape[1], x.Shape[2] / b, b, x.Shape[3] / b, b}
	return permute[T](c.Cores, c.Out[0], x, shape, []int{0, 3, 5, 1, 2, 4}), nil
}
