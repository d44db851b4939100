package kernel

func init() {
	register(&Kernel{Op: "Slice", Types: anyType(bindSlice[uint8], bindSlice[uint16], bindSlice[uint32], bindSlice[uint64])})
}

// bindSlice is numpy's x[start:end:step] along each of the axes.
func bindSlice[T word](c *Call) (Task, error) {
	x, y := c.In[0], c.Out[0]
	var lists [5][]int
	for i := 1; i < 5; i++ {
		var err error
		if lists[i], err = c.Ints(i); err != nil {
			return nil, err
		}
	}
	starts, axes, steps := lists[1], lists[3], lists[4]
	strides, offset := x.Shape.Strides(), 0
	for i, start := range starts {
		axis, step := i, 1
		if axes != nil {
			var err error
			if axis, err = axisOf(axes[i], len(x.Shape)); err != nil {
				return nil, err
			}
		}
		if steps != nil {
			step = steps[i]
		}
		offset += clampStart(start, x.Shape[axis], step) * strides[axis]
		strides[axis] *= step
	}
	return copyStrided[T](c.Cores, y, x, newSpace(y.Shape, y.Shape.Strides(), strides), 0, offset), nil
}

// clampStart is the first index of a slice of an axis of extent n.
func clampStart(start, n, step int) int {
	if start < 0 {
		start = max(start, -n-1) + n
	}
	if step > 0 {
		return min(max(start, 0), n)
	}
	return min(max(start, 0), max(n-1, 0))
}
