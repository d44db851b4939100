package kernel

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/graph"
)

func init() {
	register(&Kernel{Op: "RoiAlign", Types: floats(bindRoiAlign[float32], bindRoiAlign[float64])})
}

// maxSamples bounds how many places along an axis a bin of a region is sampled at.
const maxSamples = 256

// region is where an axis of a region lies: bin i is sampled at start + (i + (k+1/2)/samples) size for k below samples.
type region struct {
	start, size float64
	samples     int
}

// at is the place of sample k of bin i.
func (r region) at(i, k int) float64 {
	return r.start + float64(i)*r.size + (float64(k)+0.5)*r.size/float64(r.samples)
}

// roiAligner is RoiAlign's attributes.
type roiAligner struct {
	scale, shift float64
	whole        bool // regions are at least one element wide
	samples      int  // 0 for as many as a bin has elements
	largest      bool // not the mean
}

// axis is the region from lo to hi, in bins.
func (a *roiAligner) axis(lo, hi float64, bins int) (region, error) {
	lo, hi = lo*a.scale-a.shift, hi*a.scale-a.shift
	extent := hi - lo
	if a.whole {
		extent = max(extent, 1)
	}
	r := region{lo, extent / float64(bins), a.samples}
	if a.samples == 0 {
		n := math.Ceil(r.size)
		if !(n <= maxSamples) {
			return r, fmt.Errorf("a region from %g to %g: %w", lo, hi, graph.ErrUnsupported)
		}
		r.samples = max(int(n), 0)
	}
	return r, nil
}

// bindRoiAlign is the mean, or the largest, over places within each bin of a region, of x between its four elements around
// the place (He et al., arXiv 1703.06870). A place further than one element outside of x gives 0. As ONNX has it, the
// largest is over the four elements times their weights, before they are added.
func bindRoiAlign[T Float](c *Call) (Task, error) {
	x, rois, of, y := c.In[0], c.In[1], c.In[2], c.Out[0]
	a := &roiAligner{scale: float64(c.Node.Float("spatial_scale", 1)), samples: c.Node.Int("sampling_ratio", 0)}
	switch m := c.Node.Str("coordinate_transformation_mode", "half_pixel"); m {
	case "half_pixel":
		a.shift = 0.5
	case "output_half_pixel":
		a.whole = true
	default:
		return nil, fmt.Errorf("coordinate_transformation_mode %q: %w", m, graph.ErrUnsupported)
	}
	switch m := c.Node.Str("mode", "avg"); m {
	case "avg", "max":
		a.largest = m == "max"
	default:
		return nil, fmt.Errorf("mode %q: %w", m, graph.ErrUnsupported)
	}
	if a.samples < 0 || a.samples > maxSamples {
		return nil, fmt.Errorf("sampling_ratio %d: %w", a.samples, graph.ErrUnsupported)
	}
	channels, h, w := x.Shape[1], x.Shape[2], x.Shape[3]
	rows, columns := y.Shape[2], y.Shape[3]
	place := func(r int) (across, down region, err error) {
		v := Data[T](rois)[4*r:]
		if across, err = a.axis(float64(v[0]), float64(v[2]), columns); err == nil {
			down, err = a.axis(float64(v[1]), float64(v[3]), rows)
		}
		return across, down, err
	}
	body := func(lo, hi int) {
		xv, yv, picture := Data[T](x), Data[T](y), Data[int64](of)
		for i := lo; i < hi; i++ {
			across, down, _ := place(i / channels)
			from := xv[(int(picture[i/channels])*channels+i%channels)*h*w:][:h*w]
			for p := range rows * columns {
				yv[i*rows*columns+p] = T(a.bin(p/columns, p%columns, down, across, func(k int) float64 { return float64(from[k]) }, h, w))
			}
		}
	}
	return func() error {
		for r, n := range Data[int64](of) {
			if n < 0 || n >= int64(x.Shape[0]) {
				return fmt.Errorf("region %d is of picture %d of %d", r, n, x.Shape[0])
			}
			if _, _, err := place(r); err != nil {
				return err
			}
		}
		c.Cores.For(of.Len()*channels, rowGrain(16*rows*columns), body)
		return nil
	}, nil
}

// bin is bin (i, j) of a picture of h by w elements.
func (a *roiAligner) bin(i, j int, down, across region, x func(k int) float64, h, w int) float64 {
	sum, largest, any := 0.0, 0.0, false
	for k := range down.samples {
		y0, y1, fy, ok := between(down.at(i, k), h)
		if !ok {
			continue
		}
		for l := range across.samples {
			x0, x1, fx, ok := between(across.at(j, l), w)
			if !ok {
				continue
			}
			four := [4]float64{(1 - fy) * (1 - fx) * x(y0*w+x0), (1 - fy) * fx * x(y0*w+x1), fy * (1 - fx) * x(y1*w+x0), fy * fx * x(y1*w+x1)}
			sum += four[0] + four[1] + four[2] + four[3]
			if top := max(four[0], four[1], four[2], four[3]); !any || top > largest {
				largest, any = top, true
			}
		}
	}
	if a.largest {
		return largest
	}
	return sum / float64(max(down.samples*across.samples, 1))
}

// between are the elements of an axis around a place and how far it lies from the first to the second; not ok for one that
// is more than one element outside.
func between(at float64, n int) (lo, hi int, f float64, ok bool) {
	if !(at >= -1 && at <= float64(n)) || n == 0 {
		return 0, 0, 0, false
	}
	at = max(at, 0)
	lo = int(at)
	if lo >= n-1 {
		return n - 1, n - 1, 0, true
	}
	return lo, lo + 1, at - float64(lo), true
}
