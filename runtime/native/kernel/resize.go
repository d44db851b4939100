package kernel

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/pool"
	"github.com/elbo-ml/elbo/runtime/native/vec"
	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	nearest := anyType(bindNearest[uint8], bindNearest[uint16], bindNearest[uint32], bindNearest[uint64])
	types := anyType(bindNearest[uint8], bindNearest[uint16], bindNearest[uint32], bindNearest[uint64])
	types[tensor.Float32] = resizing(nearest[tensor.Float32], bindResize[float32])
	types[tensor.Float64] = resizing(nearest[tensor.Float64], bindResize[float64])
	for _, half := range []tensor.DType{tensor.Float16, tensor.BFloat16} {
		types[half] = resizing(nearest[half], widened(bindResize[float32], half, tensor.Float32))
	}
	register(&Kernel{Op: "Resize", Types: types})
}

// resizing moves elements where the mode is nearest, and sums them elsewhere.
func resizing(nearest, sums Bind) Bind {
	return func(c *Call) (Task, error) {
		if c.Node.Str("mode", "nearest") == "nearest" {
			return nearest(c)
		}
		return sums(c)
	}
}

// resampling is the way of Resize from x to y: one linear map after the other, each along one axis, for each of a number of
// planes that lie one behind the other and are not mixed.
type resampling[T element] struct {
	planes, in, out int // elements of a plane of x and of y
	passes          []pass[T]
	largest         int // elements of the largest plane between two passes
	outside         []int32
	value           T // of the elements outside
	along           func(y, x []T, p *pass[T])
	free            *pool.Free[planes[T]]
}

// pass is a map along one axis of a plane seen as [rows, in, inner].
type pass[T element] struct {
	*graph.Resampling
	rows, inner int
	weight      []T // those of the map, where elements are summed
}

// planes are what one goroutine keeps between two passes.
type planes[T element] struct{ a, b []T }

// newResampling plans the passes: axes that shrink come first, the outermost before the others, and those that grow last,
// the innermost before the others. So planes are small where whole rows cannot be moved at once.
func newResampling[T element](c *Call, along func(y, x []T, p *pass[T])) (*resampling[T], error) {
	if c.Node.Str("mode", "nearest") != "nearest" && c.Out[0].DType != c.In[0].DType {
		return nil, fmt.Errorf("from %v to %v: %w", c.In[0].DType, c.Out[0].DType, graph.ErrUnsupported)
	}
	maps, err := graph.Resamplings(c.Node)
	if err != nil {
		return nil, err
	}
	x, y := c.In[0].Shape, c.Out[0].Shape
	first := 0
	for first < len(x) && maps[first] == nil {
		first++
	}
	r := &resampling[T]{planes: x[:first].Size(), in: x[first:].Size(), out: y[first:].Size(), along: along, free: new(pool.Free[planes[T]])}
	if c.Out[0].Len() == 0 {
		return r, nil
	}
	var order []int
	for i, m := range maps {
		if m != nil && m.Out < m.In {
			order = append(order, i)
		}
	}
	for i := len(maps) - 1; i >= 0; i-- {
		if maps[i] != nil && maps[i].Out >= maps[i].In {
			order = append(order, i)
		}
	}
	now := append(tensor.Shape{}, x...)
	for k, i := range order {
		p := pass[T]{Resampling: maps[i], rows: now[first:i].Size(), inner: now[i+1:].Size()}
		r.passes = append(r.passes, p)
		if now[i] = y[i]; k < len(order)-1 {
			r.largest = max(r.largest, now[first:].Size())
		}
	}
	r.findOutside(maps[first:], y[first:])
	return r, nil
}

// findOutside lists the elements of a plane of y that lie beyond x on any axis.
func (r *resampling[T]) findOutside(maps []*graph.Resampling, y tensor.Shape) {
	beyond := make([]bool, r.out)
	for i, m := range maps {
		if m == nil {
			continue
		}
		rows, inner := y[:i].Size(), y[i+1:].Size()
		for _, j := range m.Outside {
			for row := range rows {
				fill(beyond[(row*m.Out+j)*inner:][:inner], true)
			}
		}
	}
	for at, b := range beyond {
		if b {
			r.outside = append(r.outside, int32(at))
		}
	}
}

func (r *resampling[T]) task(c *Call) Task {
	x, y := c.In[0], c.Out[0]
	if y.Len() == 0 {
		return nothing
	}
	if len(r.passes) == 0 {
		copying, _ := bindCopy(c)
		return copying
	}
	body := func(lo, hi int) {
		between := r.free.Take()
		defer r.free.Give(between)
		if len(between.a) < r.largest {
			between.a, between.b = make([]T, r.largest), make([]T, r.largest)
		}
		for plane := lo; plane < hi; plane++ {
			from, to, other := Data[T](x)[plane*r.in:][:r.in], between.a, between.b
			for k := range r.passes {
				if k == len(r.passes)-1 {
					to = Data[T](y)[plane*r.out:][:r.out]
				}
				r.along(to, from, &r.passes[k])
				from, to, other = to, other, to
			}
			for _, at := range r.outside {
				from[at] = r.value
			}
		}
	}
	return func() error {
		c.Cores.For(r.planes, rowGrain(r.out*len(r.passes)), body)
		return nil
	}
}

// bindNearest resizes by moving elements.
func bindNearest[T word](c *Call) (Task, error) {
	if c.Node.Str("mode", "nearest") != "nearest" {
		return nil, fmt.Errorf("mode %q of %v: %w", c.Node.Str("mode", ""), c.In[0].DType, graph.ErrUnsupported)
	}
	r, err := newResampling(c, moveAlong[T])
	if err != nil {
		return nil, err
	}
	if len(r.outside) > 0 {
		value, err := extrapolation(c)
		if err != nil {
			return nil, err
		}
		r.value = Data[T](value)[0]
	}
	return r.task(c), nil
}

// extrapolation is extrapolation_value as an element of y.
func extrapolation(c *Call) (*Buf, error) {
	from, to := scratch(tensor.Float32, tensor.Shape{1}), scratch(c.Out[0].DType, tensor.Shape{1})
	Data[float32](from)[0] = c.Node.Float("extrapolation_value", 0)
	cast, err := converting(c, from, to)
	if err != nil {
		return nil, err
	}
	return to, cast()
}

// moveAlong takes the elements that the map names, each of weight 1; one that it names none for is left.
func moveAlong[T word](y, x []T, p *pass[T]) {
	for row := range p.rows {
		from, to := x[row*p.In*p.inner:][:p.In*p.inner], y[row*p.Out*p.inner:][:p.Out*p.inner]
		if p.inner == 1 && len(p.Index) == len(to) {
			for j, i := range p.Index[:len(to)] {
				to[j] = from[i]
			}
			continue
		}
		for j := range p.Out {
			if k := p.From[j]; k < p.From[j+1] {
				copy(to[j*p.inner:][:p.inner], from[int(p.Index[k])*p.inner:])
			}
		}
	}
}

// bindResize resizes by sums of weighted elements, along one axis after the other.
func bindResize[T Float](c *Call) (Task, error) {
	r, err := newResampling(c, sumAlong[T])
	if err != nil {
		return nil, err
	}
	r.value = T(c.Node.Float("extrapolation_value", 0))
	for i := range r.passes {
		p := &r.passes[i]
		for _, w := range p.Weight {
			p.weight = append(p.weight, T(w))
		}
	}
	return r.task(c), nil
}

// sumAlong is y[row, j, :] = sum of w*x[row, i, :] over the terms (i, w) of element j.
func sumAlong[T Float](y, x []T, p *pass[T]) {
	for row := range p.rows {
		from, to := x[row*p.In*p.inner:][:p.In*p.inner], y[row*p.Out*p.inner:][:p.Out*p.inner]
		if p.inner == 1 {
			k := p.From[0]
			for j, end := range p.From[1 : len(to)+1] {
				var sum T
				for ; k < end; k++ {
					sum += T(p.weight[k] * from[p.Index[k]])
				}
				to[j] = sum
			}
			continue
		}
		for j := range p.Out {
			line := to[j*p.inner:][:p.inner]
			first, last := int(p.From[j]), int(p.From[j+1])
			if first == last {
				clear(line)
				continue
			}
			for k := first; k < last; k++ {
				term := from[int(p.Index[k])*p.inner:][:p.inner]
				if k == first {
					weighted(line, term, p.weight[k])
				} else {
					addWeighted(line, term, p.weight[k])
				}
			}
		}
	}
}

// weighted is y = w*x.
func weighted[T Float](y, x []T, w T) {
	if y, ok := any(y).([]float32); ok {
		vec.MulScalar(y, any(x).([]float32), float32(w))
		return
	}
	for i, v := range x {
		y[i] = w * v
	}
}

// addWeighted is y += w*x.
func addWeighted[T Float](y, x []T, w T) {
	if y, ok := any(y).([]float32); ok {
		vec.AddScaled(y, any(x).([]float32), float32(w))
		return
	}
	for i, v := range x {
		y[i] += T(w * v)
	}
}
