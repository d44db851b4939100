package conv

// plane is one channel of one image, tap after tap over the whole plane, for windows that are mostly outside of x.
func (c *Conv[T]) plane(m *scratch[T], part int) {
	s := &c.s
	n, o := part/s.OutC, part%s.OutC
	g := o / c.out
	y := c.y[part*c.size : (part+1)*c.size]
	c.fill(y, o)
	for k := range c.in {
		w := c.w[(o*c.in+k)*c.taps:]
		if c.transpose {
			w = c.w[((g*c.in+k)*c.out+o%c.out)*c.taps:]
		}
		c.addTaps(m, y, c.x[(n*s.InC+g*c.in+k)*c.inSize:][:c.inSize], w[:c.taps])
	}
}

// addTaps adds what a channel of x gives to a plane of y.
func (c *Conv[T]) addTaps(m *scratch[T], y, x, w []T) {
	s := &c.s
	last := len(s.Out) - 1
	step := s.Stride[last]
	m.outer.set(0, c.taps, s.Kernel, s.Dilation, nil, 0, true)
	if c.transpose {
		m.inner.set(0, c.inSize, s.In, s.Stride, s.PadBegin, 0, false)
		meet(&m.outer, &m.inner, s.Out, step, func(t, line, at, lo, hi int) {
			if lo >= hi {
				return
			}
			for _, v := range x[line*s.In[last]+lo : line*s.In[last]+hi] {
				y[at] += w[t] * v
				at += step
			}
		})
		return
	}
	m.inner.set(0, c.size, s.Out, s.Stride, s.PadBegin, 0, false)
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
}

// fill sets a plane of output channel o to its bias.
func (c *Conv[T]) fill(y []T, o int) {
	if c.bias == nil {
		clear(y)
		return
	}
	b := c.bias[o]
	for i := range y {
		y[i] = b
	}
}
