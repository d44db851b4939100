package conv

import (
	"github.com/elbo-ml/elbo/runtime/native/gemm"
	"github.com/elbo-ml/elbo/runtime/native/pool"
	"github.com/elbo-ml/elbo/runtime/native/subnormal"
)

// Weights is the gradient of a convolution's weights, for one geometry:
//
//	dw[o,c,t] = sum over n, j of dy[n,o,j] * x[n, c, j*Stride + t*Dilation - PadBegin]
//
// where c runs over the channels of o's group.
//
// Some images at a time, x is laid out as for the convolution and dy with its channels last. Then a column of sums, the taps
// and channels of a part of the window, reads runs of x at every output position, where they lie; each sum goes on from
// images to images, in their order. A Weights is for one run at a time.
type Weights[T gemm.Float] struct {
	c      Conv[T] // whose layout it is
	images int     // at a time
	rows   int     // output channels of a tile
	runs   []int   // where the windows of each line of output positions start, image after image
	line   int     // positions of a line
	step   int     // from one to the next
	panels []panel

	// Of the run at hand.
	phase     weightsPhase
	g         int // group
	n0, count int // images
	dy, dw    []T
	m         *scratch[T]
}

// panel is a tile's width of columns: where they start in a window, and which element of an output channel's weights each is,
// of those that are any.
type panel struct {
	off int
	of  []int
}

type weightsPhase uint8

const (
	laying weightsPhase = iota
	adding
	writing
	visiting // where windows are mostly outside of x
	shifting // where groups have few channels
)

// NewWeights makes the gradient for the convolution s.
func NewWeights[T gemm.Float](s *Spec) *Weights[T] {
	w := &Weights[T]{}
	c := &w.c
	c.s, c.level = *s, best
	c.in, c.out, c.inSize, c.size, c.taps = s.InC/s.Group, s.OutC/s.Group, size(s.In), size(s.Out), size(s.Kernel)
	if c.in*c.out*c.taps*c.size*s.Batch == 0 {
		return w
	}
	c.tile, c.cols = tile[T](c.level)
	c.measure(s.Out[0])
	if c.sparse() {
		w.phase = visiting
		return w
	}
	if s.Group > 1 && c.suitsShifts() {
		w.phase, c.shifts = shifting, c.newShifts()
		return w
	}
	w.images = min(max(1, 2*taskRoom/(c.area*c.in+c.size*c.out)), s.Batch)
	w.images = ceil(s.Batch, ceil(s.Batch, w.images))
	w.rows = ceil(c.out, ceil(c.out, c.tile))

	axes := make([]class, len(c.axes))
	for d := range axes {
		axes[d] = c.axes[d][0]
	}
	last := &axes[len(axes)-1]
	w.line, w.step = len(last.at), s.Stride[len(axes)-1]*c.in
	w.cutColumns(axes)
	last.at, last.pos = last.at[:1], last.pos[:1]
	origin := c.origin()
	for n := range w.images {
		c.combine(axes, s.Out, func(a *class) ([]int, []int) { return a.at, a.pos }, func(_, pos int) {
			w.runs = append(w.runs, (n*c.area+pos-origin)*c.in)
		})
	}
	return w
}

// cutColumns makes the panels: of each run of a window, which is a line of taps where these are neighbours.
func (w *Weights[T]) cutColumns(axes []class) {
	c := &w.c
	var taps, offs []int
	c.combine(axes, c.s.Kernel, func(a *class) ([]int, []int) { return a.taps, a.off }, func(tap, off int) {
		taps, offs = append(taps, tap), append(offs, off*c.in)
	})
	together := 1
	if last := &axes[len(axes)-1]; last.together() {
		together = len(last.taps)
	}
	for t := 0; t < len(taps); t += together {
		for k0 := 0; k0 < together*c.in; k0 += c.cols {
			p := panel{off: offs[t] + k0}
			for k := k0; k < min(k0+c.cols, together*c.in); k++ {
				p.of = append(p.of, k%c.in*c.taps+taps[t+k/c.in])
			}
			w.panels = append(w.panels, p)
		}
	}
}

// Run computes dw [OutC, InC/Group, Kernel...] from x [Batch, InC, In...] and dy [Batch, OutC, Out...], on at most threads
// goroutines of the pool (zero or less: all). It allocates nothing after warm-up. Slices shorter than the shapes say are a bug
// in the caller and panic.
func (w *Weights[T]) Run(p *pool.Pool, threads int, x, dy, dw []T) {
	c := &w.c
	s := &c.s
	dw = dw[:s.OutC*c.in*c.taps]
	c.x, w.dy, w.dw = x[:s.Batch*s.InC*c.inSize], dy[:s.Batch*s.OutC*c.size], dw
	switch {
	case w.phase == visiting:
		p.Run(w, s.OutC*c.in, 1, threads)
	case w.phase == shifting:
		p.Run(w, s.Group, 1, threads)
	case len(w.panels) == 0:
		clear(dw)
	default:
		for w.g = range s.Group {
			w.multiply(p, threads)
		}
	}
	c.x, w.dy, w.dw = nil, nil, nil
}

func (w *Weights[T]) multiply(p *pool.Pool, threads int) {
	c := &w.c
	s := &c.s
	free := freeScratch[T]()
	w.m = free.Take()
	// A panel may read past the last channel, and nothing is made of it.
	w.m.patches = room(w.m.patches, w.images*c.area*c.in+c.cols)
	w.m.weights = room(w.m.weights, w.images*c.size*c.out)
	w.m.product = room(w.m.product, len(w.panels)*c.out*c.cols)
	for w.n0 = 0; w.n0 < s.Batch; w.n0 += w.images {
		w.count, w.phase = min(w.images, s.Batch-w.n0), laying
		p.Run(w, 2*w.count, 1, threads)
		w.phase = adding
		p.Run(w, len(w.panels)*ceil(c.out, w.rows), max(1, 1<<17/(w.count*c.size*w.rows*c.cols)), threads)
	}
	w.phase = writing
	p.Run(w, c.out, max(1, 4096/(c.in*c.taps)), threads)
	free.Give(w.m)
	w.m = nil
}

// Do is a worker's share of the phase at hand.
func (w *Weights[T]) Do(lo, hi int) {
	defer subnormal.Restore(subnormal.Flush())
	switch w.phase {
	case laying:
		free := freeScratch[T]()
		m := free.Take()
		for i := lo; i < hi; i++ {
			w.lay(m, i/2, i%2 == 0)
		}
		free.Give(m)
	case adding:
		for i := lo; i < hi; i++ {
			w.add(i)
		}
	case writing:
		for o := lo; o < hi; o++ {
			w.write(o)
		}
	case visiting:
		for i := lo; i < hi; i++ {
			w.visit(i/w.c.in, i%w.c.in)
		}
	case shifting:
		for g := lo; g < hi; g++ {
			w.shift(g)
		}
	}
}

// lay lays out x or dy of image n of those at hand.
func (w *Weights[T]) lay(m *scratch[T], n int, x bool) {
	c := &w.c
	if x {
		size := c.area * c.in
		c.layOut(m, w.m.patches[n*size:(n+1)*size], w.n0+n, w.g, 0)
		return
	}
	size := c.size * c.out
	gemm.Transpose(c.out, c.size, w.dy[((w.n0+n)*c.s.OutC+w.g*c.out)*c.size:], c.size, w.m.weights[n*size:(n+1)*size], c.out)
}

// add goes on with a tile of sums: some output channels of a panel.
func (w *Weights[T]) add(i int) {
	c := &w.c
	groups := ceil(c.out, w.rows)
	k, o := i/groups, i%groups*w.rows
	p := &w.panels[k]
	runs := w.runs[:len(w.runs)/w.images*w.count]
	sums(c.level, min(w.rows, c.out-o), w.m.weights[o:], c.out, w.m.patches[p.off:], runs, w.line, w.step, w.m.product[(k*c.out+o)*c.cols:], w.n0 > 0)
}

// write puts an output channel's sums where they belong.
func (w *Weights[T]) write(o int) {
	c := &w.c
	dw := w.dw[(w.g*c.out+o)*c.in*c.taps:][:c.in*c.taps]
	for k := range w.panels {
		from := w.m.product[(k*c.out+o)*c.cols:]
		for j, at := range w.panels[k].of {
			dw[at] = from[j]
		}
	}
}

// visit sums over the positions at which each tap of channel k of a group meets x, for output channel o of all.
func (w *Weights[T]) visit(o, k int) {
	c := &w.c
	s := &c.s
	first := o / c.out * c.in // channel of the group
	dw := w.dw[(o*c.in+k)*c.taps:][:c.taps]
	clear(dw)
	free := freeScratch[T]()
	m := free.Take()
	last := len(s.Out) - 1
	step := s.Stride[last]
	m.outer.set(0, c.taps, s.Kernel, s.Dilation, nil, 0, true)
	m.inner.set(0, c.size, s.Out, s.Stride, s.PadBegin, 0, false)
	for n := range s.Batch {
		x, dy := c.x[(n*s.InC+first+k)*c.inSize:], w.dy[(n*s.OutC+o)*c.size:]
		meet(&m.outer, &m.inner, s.In, step, func(t, line, at, lo, hi int) {
			for i := lo; i < hi; i++ {
				dw[t] += dy[line*s.Out[last]+i] * x[at]
				at += step
			}
		})
	}
	free.Give(m)
}

// shift sums for the output channels of a group, image after image: a plane of dy, laid out as the run of results that it is the
// gradient of, meets the run of every tap.
func (w *Weights[T]) shift(g int) {
	c := &w.c
	s, r, k, n := &c.s, c.shifts, &c.shifts.classes[0], lanes[T]()
	free := freeScratch[T]()
	m := free.Take()
	rows := c.in * len(k.taps) // of an output channel
	m.product = room(m.product, c.out*rows*n)
	clear(m.product)
	m.temp = room(m.temp, k.n)
	clear(m.temp)
	off := c.shiftOffsets(m, k)
	for image := range s.Batch {
		m.patches = c.shiftRoom(m.patches)
		for i := range c.in {
			c.layPhases(m.patches[i*r.channel:(i+1)*r.channel], c.x[(image*s.InC+g*c.in+i)*c.inSize:][:c.inSize])
		}
		for o := range c.out {
			dy := w.dy[(image*s.OutC+g*c.out+o)*c.size:]
			for l, at := range k.from {
				copy(m.temp[at:at+k.line], dy[k.to[l]:])
			}
			dots(c.level, m.temp, m.patches, off, m.product[o*rows*n:][:rows*n])
		}
	}
	for o := range c.out {
		dw := w.dw[(g*c.out+o)*c.in*c.taps:]
		for i := range c.in {
			for t, tap := range k.taps {
				dw[i*c.taps+tap] = sumLanes(m.product[(o*rows+i*len(k.taps)+t)*n:][:n])
			}
		}
	}
	free.Give(m)
}

// sumLanes adds halves until one number is left.
func sumLanes[T gemm.Float](x []T) T {
	for n := len(x) / 2; n > 0; n /= 2 {
		for i := range n {
			x[i] += x[i+n]
		}
	}
	return x[0]
}
