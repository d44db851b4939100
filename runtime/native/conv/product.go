package conv

// product is the matrix product of one class of output positions: the windows of x at these, by the weights of the taps
// that reach them.
type product struct {
	rows  []int // where each window starts in the layout of x
	at    []int // where each result goes in the scratch
	line  int   // positions of a step along the first axis
	first class // of the first axis

	segments []segment
	order    []piece // what the rows of the packed weights are
	k        int     // how many there are
	taps     []int   // where the product of each tap is, from that of a window's start; see sumTaps
	packed   int     // where they start, of one group
}

// segment is a part of the sum over which a panel of weights stays in the first-level cache.
type segment struct {
	runs []int // where each run starts in a window
	n    int   // its length
	k    int   // the first row of weights
}

// piece is n channels from c on of a tap.
type piece struct{ tap, c, n int }

// maxSegment is how many rows of weights a segment has: 256 by 32 floats fill two thirds of a first-level cache of 48 KiB.
const maxSegment = 256

// products makes the product of each combination of classes.
func (c *Conv[T]) products() {
	dims := len(c.s.In)
	chosen := make([]class, dims)
	var choose func(d int)
	choose = func(d int) {
		if d < dims {
			for _, k := range c.axes[d] {
				chosen[d] = k
				choose(d + 1)
			}
			return
		}
		c.prod = append(c.prod, c.product(chosen))
	}
	choose(0)
	for i := range c.prod {
		c.prod[i].packed = c.packed
		c.packed += c.prod[i].k * c.panels * c.cols
	}
}

func (c *Conv[T]) product(axes []class) product {
	p := product{first: axes[0], line: 1}
	for _, a := range axes[1:] {
		p.line *= len(a.at)
	}
	origin := c.origin()
	for n := range c.images {
		c.combine(axes, c.s.Out, func(a *class) ([]int, []int) { return a.at, a.pos }, func(at, pos int) {
			p.rows = append(p.rows, (n*c.area+pos-origin)*c.in)
			p.at = append(p.at, (n*c.band*c.line+at)*c.wide)
		})
	}
	last := &axes[len(axes)-1]
	var taps, offs []int
	c.combine(axes, c.s.Kernel, func(a *class) ([]int, []int) { return a.taps, a.off }, func(tap, off int) {
		taps, offs = append(taps, tap), append(offs, off*c.in)
	})
	if c.how == byTaps {
		for i, t := range taps {
			p.taps = append(p.taps, offs[i]/max(c.in, 1)*c.wide+t*c.out)
		}
		for i := range p.rows {
			p.rows[i], p.at[i] = p.rows[i]/max(c.in, 1)*c.wide, p.at[i]/c.wide
		}
		return p
	}
	together := 1 // taps that are read as one run
	if last.together() && len(last.taps)*c.in <= maxSegment {
		together = max(1, len(last.taps))
	}
	size := c.in
	if c.in > maxSegment {
		size = ceil(c.in, ceil(c.in, maxSegment))
	}
	for c0 := 0; c0 < c.in; c0 += size {
		n := min(size, c.in-c0)
		most := max(1, maxSegment/(n*together)) * together
		for t := 0; t < len(taps); t += most {
			s := segment{n: n * together, k: p.k}
			for i := t; i < min(t+most, len(taps)); i++ {
				if (i-t)%together == 0 {
					s.runs = append(s.runs, offs[i]+c0)
				}
				p.order = append(p.order, piece{taps[i], c0, n})
				p.k += n
			}
			p.segments = append(p.segments, s)
		}
	}
	return p
}

// origin is the place of the layout's first coordinates among coordinates that count from zero.
func (c *Conv[T]) origin() int {
	origin := 0
	for d, lo := range c.lo {
		origin = origin*c.extents[d] + lo
	}
	return origin
}

// combine visits all combinations of one entry of each axis, the last axis fastest. The first list of each axis counts in
// space of the given extents, the second in the layout of x.
func (c *Conv[T]) combine(axes []class, extents []int, of func(a *class) (own, wide []int), visit func(own, wide int)) {
	var walk func(d, own, wide int)
	walk = func(d, own, wide int) {
		if d == len(axes) {
			visit(own, wide)
			return
		}
		a, b := of(&axes[d])
		for i, v := range a {
			walk(d+1, own*extents[d]+v, wide*c.extents[d]+b[i])
		}
	}
	walk(0, 0, 0)
}
