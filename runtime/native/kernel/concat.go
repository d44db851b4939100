package kernel

import "github.com/elbo-ml/elbo/tensor"

func init() {
	register(
		&Kernel{Op: "Split", Types: anyType(bindSplit[uint8], bindSplit[uint16], bindSplit[uint32], bindSplit[uint64])},
		&Kernel{Op: "Concat", Types: anyType(bindConcat[uint8], bindConcat[uint16], bindConcat[uint32], bindConcat[uint64])},
	)
}

// bindSplit cuts x along an axis into the outputs.
func bindSplit[T word](c *Call) (Task, error) {
	x := c.In[0]
	axis, err := c.Axis("axis", 0, len(x.Shape))
	if err != nil {
		return nil, err
	}
	sizes, err := c.Ints(1)
	if err != nil {
		return nil, err
	}
	offset := 0
	var tasks []Task
	for i, y := range c.Out {
		n := 0
		switch {
		case y != nil:
			n = y.Shape[axis]
			tasks = append(tasks, copyBlock[T](c.Cores, y, x, y.Shape, axis, 0, offset))
		case sizes != nil:
			n = sizes[i]
		default: // an unwanted part of an even split is as long as the first, unless it is the last
			n = (x.Shape[axis] + len(c.Out) - 1) / len(c.Out)
		}
		offset += n
	}
	return sequence(tasks...), nil
}

// bindConcat joins the inputs along an axis.
func bindConcat[T word](c *Call) (Task, error) {
	y := c.Out[0]
	axis, err := c.Axis("axis", 0, len(y.Shape))
	if err != nil {
		return nil, err
	}
	offset := 0
	var tasks []Task
	for _, x := range c.In {
		tasks = append(tasks, copyBlock[T](c.Cores, y, x, x.Shape, axis, offset, 0))
		offset += x.Shape[axis]
	}
	return sequence(tasks...), nil
}

// copyBlock copies a block of the given shape, which starts at index dstAt of axis in dst and srcAt in src.
func copyBlock[T word](p Cores, dst, src *Buf, shape tensor.Shape, axis, dstAt, srcAt int) Task {
	ds, ss := dst.Shape.Strides(), src.Shape.Strides()
	return copyStrided[T](p, dst, src, newSpace(shape, ds, ss), dstAt*ds[axis], srcAt*ss[axis])
}
