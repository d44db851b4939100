package conv

import (
	"github.com/elbo-ml/elbo/runtime/native/gemm"
	"github.com/elbo-ml/elbo/runtime/native/pool"
	"github.com/elbo-ml/elbo/runtime/native/subnormal"
)

// Finisher goes on with parts of y as they are finished; see Conv.Run.
type Finisher interface {
	// Block gets rows of cols elements of y, the first from element lo on, each step after the last.
	Block(lo, rows, cols, step int)
}

// Conv is a convolution of one geometry, made ready: x is laid out with its channels last and zeros around it, so
// that the window of every output position is a few runs of neighbours, which the kernel multiplies as they lie by
// the packed weights. Only the part of x that a task needs is laid out. A Conv is for one run at a time.
type Conv[T gemm.Float] struct {
	s         Spec
	transpose bool
	level     level
	threads   int

	in, out      int // channels of a group
	inSize, size int // elements of a channel of x and of y
	taps         int // elements of the kernel of a channel

	axes        [][]class
	lo, extents []int // of the layout of x for a task: its first coordinate and its size along each axis
	area        int   // positions of the layout of an image
	line        int   // positions of a step of y along the first axis
	images      int   // of a task
	band        int   // steps along the first axis of a task
	bands       int
	tile, cols  int // rows and columns of a tile
	panels      int // of cols output channels
	wide        int // of a row of the scratch: all panels
	split       int // tasks that share the panels
	prod        []product
	packed      int     // elements of a group's packed weights
	all         product // of all taps, where the method needs it
	shifts      *shifts // the same

	how method
	// ready is the packed weights of every run, or nil where each run packs its own.
	ready []T

	// Of the run at hand.
	phase         phase
	pool          *pool.Pool
	x, w, bias, y []T
	after         Finisher
	weights       []T
}

type phase uint8

const (
	packing phase = iota
	working
	finishing
)

// method is how y is computed.
type method uint8

const (
	byWindows method = iota
	byTaps           // a product for all taps, summed over the windows
	byPlane          // tap by tap
	byShifts         // a sum of shifted planes
	byDense          // as a dense layer
)

// New makes a convolution, or with transpose set a transposed one, for runs on about as many threads.
func New[T gemm.Float](s *Spec, transpose bool, threads int) *Conv[T] {
	c := &Conv[T]{s: *s, transpose: transpose, level: best, threads: max(threads, 1)}
	c.prepare()
	return c
}

// prepare chooses the method and makes its tables.
func (c *Conv[T]) prepare() {
	s := &c.s
	if len(s.In) == 0 { // a convolution over no dimension is one over a single position
		one := []int{1}
		s.In, s.Kernel, s.Out, s.Stride, s.Dilation, s.PadBegin = one, one, one, one, one, []int{0}
	}
	c.in, c.out = s.InC/s.Group, s.OutC/s.Group
	c.inSize, c.size, c.taps = size(s.In), size(s.Out), size(s.Kernel)
	if s.Batch == 0 || s.OutC == 0 || c.size == 0 {
		return
	}
	switch {
	case c.size == 1 && !c.transpose && c.coversInput(), c.inSize == 1 && c.transpose && c.coversOutput():
		c.how = byDense
		return
	}
	c.tile, c.cols = tile[T](c.level)
	c.line = size(s.Out[1:])
	c.measure(s.Out[0])
	if c.sparse() {
		c.how = byPlane
		return
	}
	if c.suitsShifts() {
		c.how, c.shifts = byShifts, c.newShifts()
		return
	}
	c.how, c.wide = c.cheaper()
	c.panels = c.wide / c.cols
	c.cut()
	c.products()
	if c.how == byTaps {
		c.allTaps()
	}
}

const (
	// taskRoom is how many elements the layout and the results of a task may have: a third of an L2 cache of 1 MiB.
	taskRoom = 96 << 10
	// taskRows is how many output positions a task has at least, if there are as many.
	taskRows = 48
)

// cut chooses what a task is: some images, or some steps along the first axis of one.
func (c *Conv[T]) cut() {
	s := &c.s
	stride := 1 // what bands are multiples of
	if c.transpose {
		stride = s.Stride[0]
	}
	row := c.line*c.wide + c.area*c.in/s.Out[0] // elements of a step along the first axis
	if c.how == byTaps {
		row = c.area * (c.in + c.wide) / s.Out[0]
	}
	target := max(1, min(taskRoom/max(row, 1)*c.line, ceil(s.Batch*s.Group*c.size, 4*c.threads)), min(taskRows, s.Batch*c.size))
	c.images, c.band, c.bands = 1, s.Out[0], 1
	if target >= c.size {
		c.images = min(target/c.size, s.Batch)
		c.images = ceil(s.Batch, ceil(s.Batch, c.images))
	} else {
		c.bands = ceil(s.Out[0], max(1, target/c.line))
		c.band = min(ceil(ceil(s.Out[0], c.bands), stride)*stride, s.Out[0])
		c.bands = ceil(s.Out[0], c.band)
		c.measure(c.band)
	}
	c.split = 1
	if tasks := ceil(s.Batch, c.images) * s.Group * c.bands; tasks < 2*c.threads && c.how == byWindows {
		c.split = min(c.panels, ceil(2*c.threads, tasks))
	}
}

// measure finds the classes of bands of the given height and the layout of x that they need.
func (c *Conv[T]) measure(band int) {
	c.axes, c.lo, c.extents, c.area = c.axes[:0], c.lo[:0], c.extents[:0], 1
	for d := range c.s.In {
		outs := c.s.Out[d]
		if d == 0 {
			outs = band
		}
		list := c.s.classes(d, outs, c.transpose)
		lo, hi := extent(list)
		c.axes, c.lo, c.extents = append(c.axes, list), append(c.lo, lo), append(c.extents, hi-lo)
		c.area *= hi - lo
	}
}

// sparse reports whether the layout of an image is far larger than x and y, as with a dilation beyond x.
func (c *Conv[T]) sparse() bool {
	area := 1.0
	for _, n := range c.extents {
		area *= float64(n)
	}
	return area*float64(c.in) > taskRoom+16*(float64(c.in*c.inSize)+float64(c.out*c.size))
}

// Run computes y, for x of shape [Batch, InC, In...], w [OutC, InC/Group, Kernel...], bias [OutC] or nil, and y [Batch, OutC,
// Out...], as
//
//	y[n,o,i] = bias[o] + sum over c, t of x[n, c, i*Stride + t*Dilation - PadBegin] * w[o,c,t]
//
// where positions outside x count as zero and c runs over the channels of o's group; or its adjoint, a transposed
// convolution with w [InC, OutC/Group, Kernel...]:
//
//	y = bias;  y[n, o, i*Stride + t*Dilation - PadBegin] += x[n,c,i] * w[c,o,t]  over c, t, i
//
// where positions outside y are dropped. It uses at most threads goroutines of the pool (zero or less: all) and allocates
// nothing after warm-up. Slices shorter than the shapes say are a bug in the caller and panic. As parts of y are finished, after,
// which may be nil, gets them, each
// element once.
func (c *Conv[T]) Run(p *pool.Pool, threads int, x, w, bias, y []T, after Finisher) {
	s := &c.s
	if s.Batch == 0 || s.OutC == 0 || c.size == 0 {
		return
	}
	c.pool, c.after = p, after
	c.x, c.w, c.y = x[:s.Batch*s.InC*c.inSize], w[:s.OutC*c.in*c.taps], y[:s.Batch*s.OutC*c.size]
	c.bias = bias
	if bias != nil {
		c.bias = bias[:s.OutC]
	}
	c.phase = working
	switch {
	case c.how == byPlane:
		p.Run(c, s.Batch*s.OutC, 1, threads)
	case c.how == byShifts:
		p.Run(c, s.Batch*s.Group, max(1, 1<<14/(c.in*c.out*c.taps*c.size)), threads)
	case c.how == byWindows, c.how == byTaps:
		c.multiplied(threads)
	case c.transpose:
		c.denseTransposed(threads)
	default:
		c.dense(threads)
	}
	if after != nil && c.how == byDense {
		c.phase = finishing
		p.Run(c, s.Batch, max(1, 4096/(s.OutC*c.size)), threads)
	}
	c.pool, c.x, c.w, c.bias, c.y, c.after, c.weights = nil, nil, nil, nil, nil, nil, nil
}

// multiplied packs the weights and does the tasks.
func (c *Conv[T]) multiplied(threads int) {
	free := freeScratch[T]()
	m := free.Take()
	if c.weights = c.ready; c.weights == nil {
		m.weights = room(m.weights, c.s.Group*c.packed)
		c.weights, c.phase = m.weights, packing
		c.pool.Run(c, c.units(), 1, threads)
	}
	c.phase = working
	c.pool.Run(c, ceil(c.s.Batch, c.images)*c.s.Group*c.bands*c.split, 1, threads)
	free.Give(m)
}

// Do packs panels or does tasks lo to hi.
func (c *Conv[T]) Do(lo, hi int) {
	free := freeScratch[T]()
	m := free.Take()
	for i := lo; i < hi; i++ {
		switch {
		case c.phase == packing:
			c.packUnit(m, i)
		case c.phase == finishing:
			c.after.Block(i*c.s.OutC*c.size, 1, c.s.OutC*c.size, 0)
		case c.how == byPlane:
			c.plane(m, i)
			if c.after != nil {
				c.after.Block(i*c.size, 1, c.size, 0)
			}
		case c.how == byShifts:
			c.shift(m, i)
		default:
			c.task(m, i)
		}
	}
	free.Give(m)
}

// units is how many parts the weights are packed in.
func (c *Conv[T]) units() int {
	if c.how == byTaps {
		return c.s.Group
	}
	return c.s.Group * c.panels
}

func (c *Conv[T]) packUnit(m *scratch[T], i int) {
	if c.how == byTaps {
		c.packTaps(i)
	} else {
		c.pack(m, i/c.panels, i%c.panels)
	}
}

// pack lays out the weights of a panel of output channels: for each product a row for each term of its sum.
func (c *Conv[T]) pack(m *scratch[T], g, panel int) {
	o0 := panel * c.cols
	outs := min(c.cols, c.out-o0)
	m.patches = room(m.patches, c.in*c.taps*c.cols)
	rows := m.patches // one for each channel and tap
	if outs < c.cols {
		clear(rows)
	}
	if c.transpose {
		for i := range c.in {
			gemm.Transpose(outs, c.taps, c.w[((g*c.in+i)*c.out+o0)*c.taps:], c.taps, rows[i*c.taps*c.cols:], c.cols)
		}
	} else {
		gemm.Transpose(outs, c.in*c.taps, c.w[(g*c.out+o0)*c.in*c.taps:], c.in*c.taps, rows, c.cols)
	}
	for i := range c.prod {
		p := &c.prod[i]
		to := c.weights[g*c.packed+p.packed+panel*p.k*c.cols:]
		for _, piece := range p.order {
			for k := piece.c; k < piece.c+piece.n; k++ {
				to = to[copy(to, rows[(k*c.taps+piece.tap)*c.cols:][:c.cols]):]
			}
		}
	}
}

// task computes a part of y.
func (c *Conv[T]) task(m *scratch[T], i int) {
	s := &c.s
	part, band, g, n0 := i%c.split, i/c.split%c.bands, i/c.split/c.bands%s.Group, i/c.split/c.bands/s.Group*c.images
	images, rows := min(c.images, s.Batch-n0), min(c.band, s.Out[0]-band*c.band)
	from, to := part*c.panels/c.split, (part+1)*c.panels/c.split

	m.patches = room(m.patches, c.images*c.area*c.in)
	base := band * c.band * s.Stride[0]
	if c.transpose {
		base = band * c.band / s.Stride[0]
	}
	for n := range images {
		c.layOut(m, m.patches[n*c.area*c.in:(n+1)*c.area*c.in], n0+n, g, base)
	}
	if c.how == byTaps {
		c.sumTaps(m, n0, images, g, band, rows)
		return
	}
	m.product = room(m.product, c.images*c.band*c.line*c.wide)
	for k := range c.prod {
		p := &c.prod[k]
		count := images * len(p.rows) / c.images
		if c.bands > 1 {
			count = p.first.rows(rows) * p.line
		}
		for panel := from; panel < to; panel++ {
			c.multiply(m, p, g, panel, count)
		}
	}
	o0, o1 := from*c.cols, min(to*c.cols, c.out)
	for n := range images {
		lo := ((n0+n)*s.OutC+g*c.out+o0)*c.size + band*c.band*c.line
		gemm.Transpose(rows*c.line, o1-o0, m.product[n*c.size*c.wide+o0:], c.wide, c.y[lo:], c.size)
		if c.after != nil {
			c.after.Block(lo, o1-o0, rows*c.line, c.size)
		}
	}
}

// multiply computes the first count results of a product for a panel of output channels.
func (c *Conv[T]) multiply(m *scratch[T], p *product, g, panel, count int) {
	var start [maxCols]T
	if c.bias != nil && c.how == byWindows {
		copy(start[:c.cols], c.bias[g*c.out+panel*c.cols:(g+1)*c.out])
	}
	results := m.product[panel*c.cols:]
	if len(p.segments) == 0 {
		for _, at := range p.at[:count] {
			copy(results[at:at+c.cols], start[:])
		}
		return
	}
	defer subnormal.Restore(subnormal.Flush())
	weights := c.weights[g*c.packed+p.packed+panel*p.k*c.cols:]
	first := start[:]
	for k := range p.segments {
		seg := &p.segments[k]
		b := weights[seg.k*c.cols:]
		for i := 0; i < count; i += c.tile {
			windows(c.level, min(c.tile, count-i), m.patches, p.rows[i:], seg.runs, seg.n, b, first, results, p.at[i:])
		}
		first = nil
	}
}
