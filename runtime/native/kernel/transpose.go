package kernel

import "github.com/elbo-ml/elbo/tensor"

func init() {
	register(
		&Kernel{Op: "Transpose", Types: anyType(bindTranspose[uint8], bindTranspose[uint16], bindTranspose[uint32], bindTranspose[uint64])},
		&Kernel{Op: "Expand", Types: anyType(bindExpand[uint8], bindExpand[uint16], bindExpand[uint32], bindExpand[uint64]), Loop: always(Loop{Copy: true})},
	)
}

// bindTranspose is y[i_perm[0], i_perm[1], ...] = x[i_0, i_1, ...].
func bindTranspose[T word](c *Call) (Task, error) {
	x, y := c.In[0], c.Out[0]
	perm := c.Node.Ints("perm")
	if perm == nil {
		for i := len(x.Shape) - 1; i >= 0; i-- {
			perm = append(perm, i)
		}
	}
	return permute[T](c.Cores, y, x, x.Shape, perm), nil
}

// permute copies src, seen with the given shape, to dst with its axes in the order of perm.
func permute[T word](p Cores, dst, src *Buf, shape tensor.Shape, perm []int) Task {
	own := shape.Strides()
	out, strides := make(tensor.Shape, len(perm)), make([]int, len(perm))
	for i, axis := range perm {
		out[i], strides[i] = shape[axis], own[axis]
	}
	return copyStrided[T](p, dst, src, newSpace(out, out.Strides(), strides), 0, 0)
}

// bindExpand is numpy's broadcast_to.
func bindExpand[T word](c *Call) (Task, error) {
	x, y := c.In[0], c.Out[0]
	s := newSpace(y.Shape, y.Shape.Strides(), broadcastStrides(x.Shape, y.Shape))
	return copyStrided[T](c.Cores, y, x, s, 0, 0), nil
}
