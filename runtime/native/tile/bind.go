package tile

import "github.com/elbo-ml/elbo/runtime/native/kernel"

// Bound is a chain with the buffers of one workspace.
type Bound struct {
	*Chain
	in, out []*kernel.Buf
	cores   kernel.Cores
	scratch *Scratch
	pieces  int // of a row
	rows    func(lo, hi int)
}

// piece is the part of a value that is at hand: elements of it or, with scalar set, one that stands for all.
type piece struct {
	f      []float32
	b      []bool
	scalar bool
}

// Bind is the chain with its operands and outputs, in the order of their numbers. Chains that do not run at the same time
// may share scratch.
func (c *Chain) Bind(cores kernel.Cores, scratch *Scratch, in, out []*kernel.Buf) *Bound {
	b := &Bound{Chain: c, in: in, out: out, cores: cores, scratch: scratch}
	if c.n > 0 {
		b.pieces = (c.row + c.tile - 1) / c.tile
	}
	b.rows = b.work
	if c.run > 0 {
		b.rows = b.foldRuns
	}
	scratch.need(c)
	return b
}

// worthWaking is the work for which another core is worth waking, in the unit of Chain.cost.
const worthWaking = 16 << 10

// Run computes the whole chain.
func (b *Bound) Run() error {
	if b.n == 0 {
		return nil
	}
	switch {
	case b.runs > 0:
		b.cores.For((b.n/b.run+b.runs-1)/b.runs, max(1, worthWaking/max(b.runs*b.run*b.cost, 1)), b.rows)
	case b.run > 0:
		b.cores.For(b.n/b.run, max(1, worthWaking/max(b.run*b.cost, 1)), b.rows)
	default:
		b.cores.For(b.n/b.row*b.pieces, max(1, worthWaking/max(b.tile*b.cost, 1)), b.rows)
	}
	return nil
}

// work computes pieces lo to hi.
func (b *Bound) work(lo, hi int) {
	m := b.scratch.take()
	for i := lo; i < hi; i++ {
		start := i / b.pieces * b.row
		from := start + i%b.pieces*b.tile
		b.compute(m, from, min(from+b.tile, start+b.row))
	}
	b.scratch.give(m)
}

// foldRuns computes runs lo to hi and what they fold to or, where runs are short, as many pieces of several runs.
func (b *Bound) foldRuns(lo, hi int) {
	m := b.scratch.take()
	for i := lo; i < hi; i++ {
		if b.runs > 0 {
			b.foldPiece(m, i*b.runs, min((i+1)*b.runs, b.n/b.run))
		} else {
			b.foldRun(m, i)
		}
	}
	b.scratch.give(m)
}

// foldPiece folds runs first to last, which are computed together.
func (b *Bound) foldPiece(m *machine, first, last int) {
	b.compute(m, first*b.run, last*b.run)
	for _, f := range b.folds {
		x, y := m.now[f.of].f, kernel.Data[float32](b.out[f.output])
		for i := first; i < last; i++ {
			from := (i - first) * b.run
			y[i] = f.Done(f.Run(f.Start, x[from:from+b.run]), b.run)
		}
	}
}

// foldRun folds run i piece by piece.
func (b *Bound) foldRun(m *machine, i int) {
	var accs [MaxFolds]float64
	for k, f := range b.folds {
		accs[k] = f.Start
	}
	for from := i * b.run; from < (i+1)*b.run; from += b.tile {
		to := min(from+b.tile, (i+1)*b.run)
		b.compute(m, from, to)
		for k, f := range b.folds {
			accs[k] = f.Run(accs[k], m.now[f.of].f[:to-from])
		}
	}
	for k, f := range b.folds {
		kernel.Data[float32](b.out[f.output])[i] = f.Done(accs[k], b.run)
	}
}

// MaxFolds bounds the folds of a chain.
const MaxFolds = 8

// Block computes rows of cols elements of a chain without folds, the first from element lo on, each step after the last:
// the form in which a product finishes parts of its result.
func (b *Bound) Block(lo, rows, cols, step int) {
	m := b.scratch.take()
	for ; rows > 0; rows-- {
		for from := lo; from < lo+cols; from += b.tile {
			b.compute(m, from, min(from+b.tile, lo+cols))
		}
		lo += step
	}
	b.scratch.give(m)
}

// place is the memory in which n elements of result v, from lo on, are computed.
func (b *Bound) place(m *machine, v, lo, n int) piece {
	x := &b.values[v]
	switch {
	case x.stored >= 0 && x.bits:
		return piece{b: kernel.Data[bool](b.out[x.stored])[lo : lo+n]}
	case x.stored >= 0:
		return piece{f: kernel.Data[float32](b.out[x.stored])[lo : lo+n]}
	case x.bits:
		return piece{b: m.bits[x.slot*maxTile:][:n]}
	}
	return piece{f: m.floats[x.slot*maxTile:][:n]}
}

// compute runs the code for elements lo to hi.
func (b *Bound) compute(m *machine, lo, hi int) {
	for v, a := range b.accesses {
		m.now[v] = b.operand(m, v, a, lo, hi)
	}
	for i := range b.code {
		in := &b.code[i]
		y := b.place(m, in.out, lo, hi-lo)
		in.do(&y, m.now)
		m.now[in.out] = y
	}
}

func (b *Bound) operand(m *machine, v int, a Access, lo, hi int) piece {
	from, step, ok := a.within(lo, hi)
	n := hi - lo
	bits := b.values[v].bits
	switch {
	case !ok && bits:
		p := piece{b: m.bits[b.values[v].slot*maxTile:][:n]}
		spread(a, p.b, kernel.Data[bool](b.in[v]), lo)
		return p
	case !ok:
		p := piece{f: m.floats[b.values[v].slot*maxTile:][:n]}
		spread(a, p.f, kernel.Data[float32](b.in[v]), lo)
		return p
	case step == 0:
		n = 1
	}
	if bits {
		return piece{b: kernel.Data[bool](b.in[v])[from : from+n], scalar: step == 0}
	}
	return piece{f: kernel.Data[float32](b.in[v])[from : from+n], scalar: step == 0}
}
