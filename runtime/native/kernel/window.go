package kernel

import (
	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/pool"
	"github.com/elbo-ml/elbo/runtime/native/vec"
	"github.com/elbo-ml/elbo/tensor"
)

// folding reduces each window of a plane of x (a channel of an image) to one number. A window is a box, so the axes are
// folded one after the other, the outermost first: whole rows meet there, and the last axis is left with few of them.
type folding[T Float] struct {
	planes, in, out int
	passes          []windowPass
	largest, line   int               // elements of the largest plane between two passes, and of the longest axis
	f               func(y, a, b []T) // y = f(a, b), element by element
	start           T
	done            func(y []T) // what is done to a plane at last, or nil
	free            *pool.Free[foldScratch[T]]
}

// windowPass folds the windows along one axis of a plane seen as [rows, in, inner].
type windowPass struct {
	rows, in, out, inner                 int
	kernel, stride, dilation, begin, end int
}

type foldScratch[T any] struct{ a, b, line []T }

// newFolding folds by f, which has start as its neutral element.
func newFolding[T Float](c *Call, f func(y, a, b []T), start T) (*folding[T], error) {
	w, err := graph.ConvWindow(c.Node)
	if err != nil {
		return nil, err
	}
	x, y := c.In[0].Shape, c.Out[0].Shape
	r := &folding[T]{planes: x[:2].Size(), in: x[2:].Size(), out: y[2:].Size(), f: f, start: start, free: new(pool.Free[foldScratch[T]])}
	now := append(tensor.Shape{}, x[2:]...)
	for i := range now {
		p := windowPass{rows: now[:i].Size(), in: now[i], out: y[2+i], inner: now[i+1:].Size(),
			kernel: w.Kernel[i], stride: w.Strides[i], dilation: w.Dilations[i], begin: w.Begin[i], end: w.End[i]}
		if now[i] = y[2+i]; i < len(now)-1 {
			r.largest = max(r.largest, now.Size())
		}
		r.passes = append(r.passes, p)
	}
	return r, nil
}

// join makes all rows of a plane one where no window of the last axis reaches into the next row.
func (r *folding[T]) join() {
	last := &r.passes[len(r.passes)-1]
	if reach := last.dilation*(last.kernel-1) + 1; last.begin == 0 && reach <= last.stride && last.in == last.out*last.stride {
		last.rows, last.in, last.out = 1, last.rows*last.in, last.rows*last.out
	}
	for _, p := range r.passes {
		r.line = max(r.line, p.out)
	}
}

func (r *folding[T]) task(c *Call) Task {
	x, y := c.In[0], c.Out[0]
	if y.Len() == 0 {
		return nothing
	}
	r.join()
	body := func(lo, hi int) {
		m := r.free.Take()
		defer r.free.Give(m)
		if len(m.line) < r.line || len(m.a) < r.largest {
			m.a, m.b, m.line = make([]T, r.largest), make([]T, r.largest), make([]T, r.line)
		}
		for plane := lo; plane < hi; plane++ {
			from, to, other := Data[T](x)[plane*r.in:][:r.in], m.a, m.b
			for k := range r.passes {
				if k == len(r.passes)-1 {
					to = Data[T](y)[plane*r.out:][:r.out]
				}
				r.along(to, from, m.line, &r.passes[k])
				from, to, other = to, other, to
			}
			if r.done != nil {
				r.done(from)
			}
		}
	}
	return func() error {
		c.Cores.For(r.planes, rowGrain(r.in*r.passes[0].kernel/r.passes[0].stride), body)
		return nil
	}
}

// along folds the windows of one axis.
func (r *folding[T]) along(y, x, line []T, p *windowPass) {
	if p.inner == 1 {
		fill(y[:p.rows*p.out], r.start)
	}
	for row := range p.rows {
		from, to := x[row*p.in*p.inner:][:p.in*p.inner], y[row*p.out*p.inner:][:p.out*p.inner]
		if p.inner == 1 {
			for t := range p.kernel {
				lo, hi := p.meets(t, 0, 0)
				if lo >= hi {
					continue
				}
				met := from[lo*p.stride+t*p.dilation-p.begin:]
				if p.stride > 1 {
					stepped(line[:hi-lo], met, p.stride)
					met = line
				}
				r.f(to[lo:hi], to[lo:hi], met[:hi-lo])
			}
			continue
		}
		for j := range p.out {
			part, found := to[j*p.inner:][:p.inner], false
			for t := range p.kernel {
				i := j*p.stride + t*p.dilation - p.begin
				switch {
				case i < 0 || i >= p.in:
				case !found:
					copy(part, from[i*p.inner:])
					found = true
				default:
					r.f(part, part, from[i*p.inner:][:p.inner])
				}
			}
			if !found {
				fill(part, r.start)
			}
		}
	}
}

// meets is the range of windows whose tap t lies on x, or on what begin and end more elements make of it.
func (p *windowPass) meets(t, begin, end int) (lo, hi int) {
	first := t*p.dilation - p.begin // of window 0
	if first < -begin {
		lo = (-begin - first + p.stride - 1) / p.stride
	}
	if room := p.in + end - 1 - first; room >= 0 {
		hi = min(p.out, room/p.stride+1)
	}
	return lo, hi
}

// counts are how many elements each window of a plane holds: those of x, or with padding those of the padded x.
func (r *folding[T]) counts(padded bool) []T {
	out := []T{1}
	for _, p := range r.passes {
		begin, end := 0, 0
		if padded {
			begin, end = p.begin, p.end
		}
		counts := make([]int, p.out)
		for t := range p.kernel {
			lo, hi := p.meets(t, begin, end)
			for j := lo; j < hi; j++ {
				counts[j]++
			}
		}
		var next []T
		for _, n := range out {
			for _, k := range counts {
				next = append(next, n*T(k))
			}
		}
		out = next
	}
	return out
}

// stepped is y[i] = x[i*step].
func stepped[T Float](y, x []T, step int) {
	if y, ok := any(y).([]float32); ok {
		vec.Every(y, any(x).([]float32), step)
		return
	}
	for i := range y {
		y[i] = x[i*step]
	}
}
