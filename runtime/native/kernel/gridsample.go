package kernel

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/graph"
)

func init() {
	register(&Kernel{Op: "GridSample", Types: floats(bindGridSample[float32], bindGridSample[float64])})
}

// maxSampled is how many spatial axes a grid may have, and taps how many elements along one a sample is made of.
const maxSampled, taps = 3, 4

// sampler is how a grid's coordinates, from -1 to 1, become weighted elements of an axis.
type sampler struct {
	mode, padding string
	corners       bool
}

// axisTaps are elements along an axis and their weights.
type axisTaps struct {
	at     [taps]int // -1 for a zero outside
	weight [taps]float64
	n      int
}

// bindGridSample is y[n, c, p] = x[n, c, grid[n, p]], the last axis of x being the grid's first coordinate. Between
// elements it is the nearest (halves to even), linear, or cubic (Keys 1981, a = -0.75); outside of x it is 0, the border
// or the mirror image.
func bindGridSample[T Float](c *Call) (Task, error) {
	x, grid, y := c.In[0], c.In[1], c.Out[0]
	s := sampler{c.Node.Str("mode", "bilinear"), c.Node.Str("padding_mode", "zeros"), c.Node.Int("align_corners", 0) != 0}
	d := len(x.Shape) - 2
	switch s.mode {
	case "nearest", "linear", "cubic":
	case "bilinear", "bicubic":
		s.mode = s.mode[2:]
	default:
		return nil, fmt.Errorf("mode %q: %w", s.mode, graph.ErrUnsupported)
	}
	if s.padding != "zeros" && s.padding != "border" && s.padding != "reflection" {
		return nil, fmt.Errorf("padding_mode %q: %w", s.padding, graph.ErrUnsupported)
	}
	if d > maxSampled {
		return nil, fmt.Errorf("%d spatial axes: %w", d, graph.ErrUnsupported)
	}
	dims, channels := x.Shape[2:], x.Shape[1]
	size, places := dims.Size(), y.Shape[2:].Size()
	if size == 0 && y.Len() > 0 {
		return nil, fmt.Errorf("there is nothing to sample in %v", x.Shape)
	}
	body := func(lo, hi int) {
		xv, gv, yv := Data[T](x), Data[T](grid), Data[T](y)
		var along [maxSampled]axisTaps
		for i := lo; i < hi; i++ {
			for k := range dims {
				along[k] = s.taps(float64(gv[i*d+d-1-k]), dims[k])
			}
			batch, place := i/places, i%places
			for ch := range channels {
				from := xv[(batch*channels+ch)*size:][:size]
				yv[(batch*channels+ch)*places+place] = T(weigh(from, dims, along[:d]))
			}
		}
	}
	return func() error {
		c.Cores.For(grid.Len()/d, rowGrain(channels*8), body)
		return nil
	}, nil
}

// weigh is the sum of the elements that the taps of every axis meet, each by the product of their weights.
func weigh[T Float](x []T, dims []int, along []axisTaps) float64 {
	if len(along) == 0 {
		return float64(x[0])
	}
	row, sum := len(x)/dims[0], 0.0
	for k := range along[0].n {
		if at := along[0].at[k]; at >= 0 {
			sum += along[0].weight[k] * weigh(x[at*row:(at+1)*row], dims[1:], along[1:])
		}
	}
	return sum
}

// taps are those of the coordinate v of an axis of extent n.
func (s *sampler) taps(v float64, n int) (t axisTaps) {
	lo, hi := -0.5, float64(n)-0.5
	x := ((v+1)*float64(n) - 1) / 2
	if s.corners {
		lo, hi = 0, float64(n)-1
		x = (v + 1) / 2 * float64(n-1)
	}
	if !(math.Abs(x) < 1<<30) { // NaN, and what no image reaches
		x = -1 << 30
	}
	if s.mode == "nearest" {
		x = math.RoundToEven(x)
	}
	if (x < lo || x > hi) && s.mode != "cubic" { // whose elements are taken inside one by one
		switch s.padding {
		case "border":
			x = min(max(x, 0), float64(n-1))
		case "reflection":
			x = reflect(x, lo, hi)
		}
	}
	first := int(math.Floor(x))
	f := x - float64(first)
	switch s.mode {
	case "nearest":
		t.n, t.weight[0] = 1, 1
	case "linear":
		t.n, t.weight = 2, [taps]float64{1 - f, f}
	default:
		first--
		t.n, t.weight = 4, [taps]float64{keys(1 + f), keys(f), keys(1 - f), keys(2 - f)}
	}
	for k := range t.n {
		t.at[k] = s.inside(first+k, n, lo, hi)
	}
	return t
}

// inside is the element that stands for place i of an axis of extent n, and -1 for a zero.
func (s *sampler) inside(i, n int, lo, hi float64) int {
	if i >= 0 && i < n {
		return i
	}
	switch s.padding {
	case "zeros":
		return -1
	case "reflection":
		i = int(reflect(float64(i), lo, hi))
	}
	return min(max(i, 0), n-1)
}

// reflect folds x back between lo and hi.
func reflect(x, lo, hi float64) float64 {
	span := hi - lo
	if span <= 0 {
		return lo
	}
	r := math.Mod(math.Abs(x-lo), 2*span)
	if r > span {
		r = 2*span - r
	}
	return lo + r
}

// keys is the cubic convolution kernel at a distance of 0 to 2.
func keys(x float64) float64 {
	const a = -0.75
	if x <= 1 {
		return ((a+2)*x-(a+3))*x*x + 1
	}
	return ((a*x-5*a)*x+8*a)*x - 4*a
}
