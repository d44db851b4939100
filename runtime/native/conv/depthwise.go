package conv

// plane is Forward for one channel of one image where every channel is a group of its own: no product of matrices worth
// its name, so each tap is added up over the whole plane in turn.
func (c *call[T]) plane(part int) {
	s := c.s
	o := part % s.OutC
	y := c.y[part*c.outSize : (part+1)*c.outSize]
	c.fill(y, o)
	x, w := c.x[part*c.inSize:(part+1)*c.inSize], c.w[o*c.taps:(o+1)*c.taps]

	free := freeScratch[T]()
	m := free.Take()
	last := len(s.Out) - 1
	step := s.Stride[last]
	m.outer.set(0, c.taps, s.Kernel, s.Dilation, nil, 0, true)
	m.inner.set(0, c.outSize, s.Out, s.Stride, s.PadBegin, 0, false)
	meet(&m.outer, &m.inner, s.In, step, func(t, line, at, lo, hi int) {
		if lo >= hi {
			return
		}
		to := y[line*s.Out[last]+lo : line*s.Out[last]+hi]
		if step == 1 {
			from := x[at:][:len(to)]
			for k, v := range from {
				to[k] += w[t] * v
			}
			return
		}
		for k := range to {
			to[k] += w[t] * x[at]
			at += step
		}
	})
	free.Give(m)
}

// fill sets a plane of output channel o to its bias.
func (c *call[T]) fill(y []T, o int) {
	if c.bias == nil {
		clear(y)
		return
	}
	b := c.bias[o]
	for i := range y {
		y[i] = b
	}
}
