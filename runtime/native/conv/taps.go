package conv

// Few output channels would fill a panel badly. Then each position of the layout of x is multiplied by the weights of all taps
// first, which do fill one, and a window's result is the sum of what its taps gave:
//
//	product[i, (t, o)] = sum over c of x[i,c] * w[o,c,t]
//	y[o,j] = bias[o] + sum over t of product[j*Stride + t*Dilation - PadBegin, (t, o)]

// cheaper is the method that takes less time, and how wide its rows of results are. What it goes by does not depend on the
// machine, so that bits do not.
func (c *Conv[T]) cheaper() (how method, wide int) {
	windows, sums := 0, 0
	reached := make([][2]int, 0, len(c.axes)) // positions and taps of each combination of classes, axis by axis
	reached = append(reached, [2]int{1, 1})
	for _, axis := range c.axes {
		var next [][2]int
		for _, r := range reached {
			for _, k := range axis {
				next = append(next, [2]int{r[0] * len(k.at), r[1] * len(k.taps)})
			}
		}
		reached = next
	}
	for _, r := range reached {
		sums += r[0] * r[1]
	}
	const panel, add = 32, 32 // columns of the widest tile; multiplications in the time of one addition
	windows = sums * c.in * ceil(c.out, panel) * panel
	all := c.area*c.in*ceil(c.out*c.taps, panel)*panel + add*sums*c.out
	if all < windows {
		return byTaps, ceil(c.out*c.taps, c.cols) * c.cols
	}
	return byWindows, ceil(c.out, c.cols) * c.cols
}

// allTaps makes the product of all positions of a task's layout.
func (c *Conv[T]) allTaps() {
	p := product{k: c.in}
	for i := range c.images * c.area {
		p.rows, p.at = append(p.rows, i*c.in), append(p.at, i*c.wide)
	}
	for k := 0; k < c.in; k += maxSegment {
		p.segments = append(p.segments, segment{runs: []int{k}, n: min(maxSegment, c.in-k), k: k})
	}
	c.all, c.packed = p, c.in*c.wide
}

// packTaps lays out the weights of a group: a row for each channel, all taps and output channels side by side in panels.
func (c *Conv[T]) packTaps(g int) {
	to := c.weights[g*c.packed : (g+1)*c.packed]
	clear(to)
	for k := range c.in {
		for o := range c.out {
			w := c.w[((g*c.out+o)*c.in+k)*c.taps:]
			if c.transpose {
				w = c.w[((g*c.in+k)*c.out+o)*c.taps:]
			}
			for t, v := range w[:c.taps] {
				col := t*c.out + o
				to[(col/c.cols*c.in+k)*c.cols+col%c.cols] = v
			}
		}
	}
}

// sumTaps is the rest of a task once x is laid out.
func (c *Conv[T]) sumTaps(m *scratch[T], n0, images, g, band, rows int) {
	s := &c.s
	m.product = room(m.product, c.images*c.area*c.wide)
	for panel := range c.panels {
		c.multiply(m, &c.all, g, panel, images*c.area)
	}
	for n := range images {
		lo := ((n0+n)*s.OutC+g*c.out)*c.size + band*c.band*c.line
		for o := range c.out {
			var start T
			if c.bias != nil {
				start = c.bias[g*c.out+o]
			}
			y := c.y[lo+o*c.size:][:rows*c.line]
			from := m.product[n*c.area*c.wide+o:]
			for k := range c.prod {
				p := &c.prod[k]
				count := len(p.rows) / c.images
				if c.bands > 1 {
					count = p.first.rows(rows) * p.line
				}
				for i, at := range p.at[:count] {
					sum := start
					for _, tap := range p.taps {
						sum += from[p.rows[i]+tap]
					}
					y[at] = sum
				}
			}
		}
		if c.after != nil {
			c.after.Block(lo, c.out, rows*c.line, c.size)
		}
	}
}
