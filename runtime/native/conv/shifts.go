package conv

import (
	"github.com/elbo-ml/elbo/runtime/native/gemm"
	"github.com/elbo-ml/elbo/runtime/native/subnormal"
	"github.com/elbo-ml/elbo/runtime/native/vec"
)

// Groups of few channels, a channel of its own first of all, are no product of matrices worth its name. There a plane of y is a
// weighted sum of planes of x, each shifted as a tap of the kernel says. A plane is laid out with zeros around it, and cut
// into phases where the stride is more than one: then every tap reads one run of neighbours for the whole plane. What the run
// has between the end of a line and the start of the next is thrown away.

// suitsShifts reports whether groups are so small. It goes by the geometry alone, so that bits do not depend on the machine.
func (c *Conv[T]) suitsShifts() bool {
	return c.in <= 8 && c.out <= 8 && c.in*c.out <= 16 && c.in*c.inSize*c.taps > 0
}

// shifts is the layout of a channel of x, and what is read of it.
type shifts struct {
	steps, extents []int // phases of each axis, and positions of a phase
	area           int   // positions of a phase of all axes
	channel        int   // elements of a channel: all phases
	classes        []shiftClass
	longest        int // run of results
}

// shiftClass is what one class of output positions reads, and where its results go.
type shiftClass struct {
	taps, off []int // the elements of a kernel, and where the run of each starts in a channel
	n         int   // its length, of whole multiples of lanes
	from, to  []int // where each line of results starts in a run, and in a plane of y
	line      int   // results of a line
	step      int   // from one to the next in y
}

// newShifts plans the layout for the classes that measure has found.
func (c *Conv[T]) newShifts() *shifts {
	r := &shifts{area: 1}
	phases := 1
	for d, e := range c.extents {
		step := c.s.Stride[d]
		if c.transpose {
			step = 1
		}
		r.steps, r.extents = append(r.steps, step), append(r.extents, ceil(e, step))
		phases, r.area = phases*step, r.area*ceil(e, step)
	}
	r.channel = phases * r.area
	chosen := make([]class, len(c.axes))
	var choose func(d int)
	choose = func(d int) {
		if d < len(c.axes) {
			for _, k := range c.axes[d] {
				chosen[d] = k
				choose(d + 1)
			}
			return
		}
		k := c.shiftClass(r, chosen)
		r.classes, r.longest = append(r.classes, k), max(r.longest, k.n)
	}
	choose(0)
	return r
}

func (c *Conv[T]) shiftClass(r *shifts, axes []class) (k shiftClass) {
	last := len(axes) - 1
	k.line, k.step = len(axes[last].at), 1
	if k.line > 1 {
		k.step = axes[last].at[1] - axes[last].at[0]
	}
	var tap func(d, tap, phase, at int)
	tap = func(d, t, phase, at int) {
		if d == len(axes) {
			k.taps, k.off = append(k.taps, t), append(k.off, phase*r.area+at)
			return
		}
		for j, own := range axes[d].taps {
			u := axes[d].pos[0] + axes[d].off[j] - c.lo[d]
			tap(d+1, t*c.s.Kernel[d]+own, phase*r.steps[d]+u%r.steps[d], at*r.extents[d]+u/r.steps[d])
		}
	}
	tap(0, 0, 0, 0)
	var line func(d, from, to int)
	line = func(d, from, to int) {
		if d == last {
			k.from, k.to = append(k.from, from*r.extents[d]), append(k.to, to*c.s.Out[d]+axes[d].at[0])
			return
		}
		for i, at := range axes[d].at {
			line(d+1, from*r.extents[d]+i, to*c.s.Out[d]+at)
		}
	}
	line(0, 0, 0)
	n := k.from[len(k.from)-1] + k.line
	k.n = ceil(n, lanes[T]()) * lanes[T]()
	return k
}

// shiftRoom is room for the channels of a group, and for what vectors read past the last of them.
func (c *Conv[T]) shiftRoom(buf []T) []T {
	buf = room(buf, c.in*c.shifts.channel+lanes[T]())
	clear(buf)
	return buf
}

// layPhases lays out a channel of x; dst is zero.
func (c *Conv[T]) layPhases(dst, x []T) {
	r, s := c.shifts, &c.s
	last := len(s.In) - 1
	lines := len(x) / s.In[last]
	for l := range lines {
		phase, at, inside := 0, 0, true
		scale, width := 1, 1
		rest := l
		for d := last - 1; d >= 0; d-- {
			u := rest%s.In[d] - c.lo[d]
			rest /= s.In[d]
			if u < 0 || u >= c.extents[d] {
				inside = false
				break
			}
			phase, at = phase+u%r.steps[d]*scale, at+u/r.steps[d]*width
			scale, width = scale*r.steps[d], width*r.extents[d]
		}
		if inside {
			c.layLine(dst, x[l*s.In[last]:][:s.In[last]], phase*r.steps[last], at*r.extents[last])
		}
	}
}

// layLine lays out a line of x, whose phases start with the given one and whose positions of each stand from at on.
func (c *Conv[T]) layLine(dst, x []T, phase, at int) {
	r := c.shifts
	last := len(r.steps) - 1
	step, lo, hi := r.steps[last], c.lo[last], c.lo[last]+c.extents[last]
	for p := range step {
		u := p // the first coordinate of the layout in this phase that is one of x
		if lo+u < 0 {
			u += ceil(-lo-u, step) * step
		}
		end := min(len(x), hi)
		if lo+u >= end {
			continue
		}
		to := dst[(phase+p)*r.area+at+u/step:]
		from := x[lo+u : end]
		if step == 1 {
			copy(to, from)
			continue
		}
		every(to[:ceil(len(from), step)], from, step)
	}
}

// every is y[i] = x[i*step].
func every[T gemm.Float](y, x []T, step int) {
	if y, ok := any(y).([]float32); ok {
		vec.Every(y, any(x).([]float32), step)
		return
	}
	for i := range y {
		y[i] = x[i*step]
	}
}

// shift computes the planes of a group of an image.
func (c *Conv[T]) shift(m *scratch[T], part int) {
	s, r := &c.s, c.shifts
	n, g := part/s.Group, part%s.Group
	m.patches = c.shiftRoom(m.patches)
	for k := range c.in {
		c.layPhases(m.patches[k*r.channel:(k+1)*r.channel], c.x[(n*s.InC+g*c.in+k)*c.inSize:][:c.inSize])
	}
	m.product = room(m.product, r.longest)
	c.sumShifts(m, n, g)
	if c.after != nil {
		c.after.Block((n*s.OutC+g*c.out)*c.size, 1, c.out*c.size, 0)
	}
}

// sumShifts writes the planes of a group of image n, once x is laid out.
func (c *Conv[T]) sumShifts(m *scratch[T], n, g int) {
	defer subnormal.Restore(subnormal.Flush())
	s, r := &c.s, c.shifts
	for o := range c.out {
		var bias T
		if c.bias != nil {
			bias = c.bias[g*c.out+o]
		}
		y := c.y[(n*s.OutC+g*c.out+o)*c.size:][:c.size]
		for i := range r.classes {
			k := &r.classes[i]
			m.temp = room(m.temp, c.in*len(k.taps))
			c.shiftWeights(m.temp, k, g, o)
			sums := m.product[:k.n]
			shifted(c.level, sums, m.patches, c.shiftOffsets(m, k), m.temp, bias)
			for l, from := range k.from {
				to := y[k.to[l]:]
				if k.step == 1 {
					copy(to, sums[from:from+k.line])
					continue
				}
				for j, v := range sums[from : from+k.line] {
					to[j*k.step] = v
				}
			}
		}
	}
}

// shiftOffsets are where the runs of all taps of all channels of a group start.
func (c *Conv[T]) shiftOffsets(m *scratch[T], k *shiftClass) []int {
	if c.in == 1 {
		return k.off
	}
	m.off = m.off[:0]
	for i := range c.in {
		for _, at := range k.off {
			m.off = append(m.off, i*c.shifts.channel+at)
		}
	}
	return m.off
}

// shiftWeights are the weights of output channel o of a group in the order of the offsets.
func (c *Conv[T]) shiftWeights(dst []T, k *shiftClass, g, o int) {
	for i := range c.in {
		w := c.w[((g*c.out+o)*c.in+i)*c.taps:]
		if c.transpose {
			w = c.w[((g*c.in+i)*c.out+o)*c.taps:]
		}
		for t, tap := range k.taps {
			dst[i*len(k.taps)+t] = w[tap]
		}
	}
}
