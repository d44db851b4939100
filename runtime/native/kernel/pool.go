package kernel

import (
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(
		&Kernel{Op: "MaxPool", Types: floats(bindMaxPool[float32], bindMaxPool[float64])},
		&Kernel{Op: "AveragePool", Types: floats(bindAveragePool[float32], bindAveragePool[float64])},
		&Kernel{Op: "GlobalAveragePool", Types: floats(globally(sums[float32](mean[float32])), globally(sums[float64](mean[float64])))},
		&Kernel{Op: "GlobalMaxPool", Types: floats(globally(extremes(maximum, float32(math.Inf(-1)))), globally(extremes(maximum, math.Inf(-1))))},
	)
}

// globally reduces over all spatial axes.
func globally[T Number, A any](r reducer[T, A]) Bind {
	return func(c *Call) (Task, error) {
		x := c.In[0]
		reduced := make([]bool, len(x.Shape))
		fill(reduced[2:], true)
		return bindReduce(c.Cores, r, x, c.Out[0], reduced), nil
	}
}

// bindMaxPool is the maximum of each window and, as output 1, its index in x.
func bindMaxPool[T Float](c *Call) (Task, error) {
	if c.Output(1) != nil {
		return bindMaxPlaces[T](c)
	}
	largest := byElement(maximum[T]).vv
	if f, ok := any(max32.vv).(func(y, a, b []T)); ok {
		largest = f
	}
	f, err := newFolding(c, largest, T(math.Inf(-1)))
	if err != nil {
		return nil, err
	}
	return f.task(c), nil
}

// bindAveragePool is the mean of each window: of the elements of x in it or, with count_include_pad, of the padded x.
func bindAveragePool[T Float](c *Call) (Task, error) {
	add, div := addOp[T]().vv, divOp[T]().vv
	if f, ok := any(add32.vv).(func(y, a, b []T)); ok {
		add, div = f, any(div32.vv).(func(y, a, b []T))
	}
	f, err := newFolding(c, add, 0)
	if err != nil {
		return nil, err
	}
	counts := f.counts(c.Node.Int("count_include_pad", 0) != 0)
	f.done = func(y []T) { div(y, y, counts) }
	return f.task(c), nil
}

// windows lists, for every output position, the input positions its window covers: taps[from[j]:from[j+1]] for output
// position j. Pools of one shape do the same index arithmetic in every channel, so it is done once.
type windows struct {
	from []int32
	taps []int32
	in   int // positions of one channel
}

func newWindows(c *Call) (windows, error) {
	x, y := c.In[0], c.Out[0]
	w, err := graph.ConvWindow(c.Node)
	if err != nil {
		return windows{}, err
	}
	in, out, kernel := x.Shape[2:], y.Shape[2:], tensor.Shape(w.Kernel)
	s := windows{from: []int32{0}, in: in.Size()}
	strides := in.Strides()
	for j := range out.Size() {
		for t := range kernel.Size() {
			at, inside, jj, tt := 0, true, j, t
			for axis := len(in) - 1; axis >= 0; axis-- {
				i := jj%out[axis]*w.Strides[axis] + tt%kernel[axis]*w.Dilations[axis] - w.Begin[axis]
				inside = inside && i >= 0 && i < in[axis]
				at += i * strides[axis]
				jj /= out[axis]
				tt /= kernel[axis]
			}
			if inside {
				s.taps = append(s.taps, int32(at))
			}
		}
		s.from = append(s.from, int32(len(s.taps)))
	}
	return s, nil
}

// bindMaxPlaces is the maximum of each window and, as output 1, its index in x counted through all of x, row-major or
// (storage_order 1) with the spatial axes column-major.
func bindMaxPlaces[T Float](c *Call) (Task, error) {
	x, y, indices := c.In[0], c.Out[0], c.Output(1)
	s, err := newWindows(c)
	if err != nil {
		return nil, err
	}
	place := make([]int64, s.in)
	for i := range place {
		place[i] = int64(i)
		if c.Node.Int("storage_order", 0) != 0 {
			place[i] = columnMajor(x.Shape[2:], i)
		}
	}
	out := len(s.from) - 1
	body := func(lo, hi int) {
		for ch := lo; ch < hi; ch++ {
			xv, iv := Data[T](x)[ch*s.in:(ch+1)*s.in], Data[int64](indices)[ch*out:(ch+1)*out]
			for j := range iv {
				best, at := T(math.Inf(-1)), int32(-1)
				for _, i := range s.taps[s.from[j]:s.from[j+1]] {
					if v := xv[i]; v > best || v != v || at < 0 {
						best, at = v, i
						if v != v {
							break
						}
					}
				}
				if y != nil {
					Data[T](y)[ch*out+j] = best
				}
				if at >= 0 {
					iv[j] = int64(ch*s.in) + place[at]
				}
			}
		}
	}
	return func() error {
		c.Cores.For(x.Shape[0]*x.Shape[1], rowGrain(len(s.taps)), body)
		return nil
	}, nil
}

func columnMajor(dims tensor.Shape, i int) int64 {
	index, stride := 0, dims.Size()
	for axis := len(dims) - 1; axis >= 0; axis-- {
		stride /= dims[axis]
		index += i % dims[axis] * stride
		i /= dims[axis]
	}
	return int64(index)
}
