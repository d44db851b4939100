package graph

import (
	"fmt"
	"math"
)

// Sampler is how Resize finds the elements of an axis at places between those that there are. Beside the attributes of the
// canonical opset it knows antialias, and the coordinates tf_half_pixel_for_nn and half_pixel_symmetric, of others.
type Sampler struct {
	mode, coordinates, nearest string
	a                          float64 // of the cubic kernel
	excludeOutside, antialias  bool
}

// NewSampler reads the attributes of a Resize node.
func NewSampler(n *Node) (*Sampler, error) {
	s := &Sampler{mode: n.Str("mode", "nearest"), coordinates: n.Str("coordinate_transformation_mode", "half_pixel"),
		nearest: n.Str("nearest_mode", "round_prefer_floor"), a: float64(n.Float("cubic_coeff_a", -0.75)),
		excludeOutside: n.Int("exclude_outside", 0) != 0, antialias: n.Int("antialias", 0) != 0}
	switch s.mode {
	case "nearest", "linear", "cubic":
	default:
		return nil, fmt.Errorf("mode %q: %w", s.mode, ErrUnsupported)
	}
	switch s.coordinates {
	case "half_pixel", "pytorch_half_pixel", "half_pixel_symmetric", "align_corners", "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize":
	default:
		return nil, fmt.Errorf("coordinate_transformation_mode %q: %w", s.coordinates, ErrUnsupported)
	}
	switch s.nearest {
	case "round_prefer_floor", "round_prefer_ceil", "floor", "ceil":
	default:
		return nil, fmt.Errorf("nearest_mode %q: %w", s.nearest, ErrUnsupported)
	}
	return s, nil
}

// Stretch is what becomes of one axis.
type Stretch struct {
	In, Out int
	// Scale is Out/In, or what it was before the length, Scale*In, was rounded to Out.
	Scale, Length float64
	// Start and End are the part of the axis that tf_crop_and_resize takes, from 0 to 1.
	Start, End float64
}

// Resampling is a linear map along one axis: element j of the result is the sum of Weight[k]*x[Index[k]] for k from From[j]
// to From[j+1]. Index rises within an element. Outside are the elements that tf_crop_and_resize takes from beyond x: they
// have no terms.
type Resampling struct {
	In, Out     int
	From, Index []int32
	Weight      []float64
	Outside     []int
}

// Resample is the map of an axis that is not empty.
func (s *Sampler) Resample(e Stretch) *Resampling {
	r := &Resampling{In: e.In, Out: e.Out, From: make([]int32, 1, e.Out+1)}
	for j := range e.Out {
		x := original(s.coordinates, float64(j), float64(e.In), float64(e.Out), e.Length, e.Scale, e.Start, e.End)
		if s.mode == "nearest" { // rounded in float32, as PyTorch and ONNX Runtime do
			x = float64(original(s.coordinates, float32(j), float32(e.In), float32(e.Out), float32(e.Length), float32(e.Scale), float32(e.Start), float32(e.End)))
		}
		switch {
		case s.coordinates == "tf_crop_and_resize" && !(x >= 0 && x <= float64(e.In-1)):
			r.Outside = append(r.Outside, j)
		case s.mode == "nearest":
			r.add(s.round(x), 1)
		default:
			s.weigh(r, x, e.Scale)
		}
		r.From = append(r.From, int32(len(r.Index)))
	}
	return r
}

// original is the place on an axis of n elements that element x of the resized axis stands for, as ONNX defines it.
func original[T float32 | float64](coordinates string, x, n, out, length, scale, start, end T) T {
	switch coordinates {
	case "align_corners":
		if length == 1 {
			return 0
		}
		return x * (n - 1) / (length - 1)
	case "asymmetric":
		return x / scale
	case "tf_half_pixel_for_nn":
		return (x + 0.5) / scale
	case "tf_crop_and_resize":
		if out == 1 {
			return (start + end) * (n - 1) / 2
		}
		return T(start*(n-1)) + x*(end-start)*(n-1)/(length-1)
	case "pytorch_half_pixel":
		if out == 1 {
			return 0
		}
	case "half_pixel_symmetric":
		return T(n/2*(1-out/length)) + (x+0.5)/scale - 0.5
	}
	return (x+0.5)/scale - 0.5
}

// round is the element nearest to x.
func (s *Sampler) round(x float64) int {
	low := math.Floor(x)
	up := false
	switch part := x - low; s.nearest {
	case "ceil":
		up = part > 0
	case "round_prefer_ceil":
		up = part >= 0.5
	case "round_prefer_floor":
		up = part > 0.5
	}
	if up {
		low++
	}
	return int(low)
}

// weigh adds the elements around x, each by the value of the kernel at its distance; places beyond the axis are its ends.
// With antialias the kernel of an axis that shrinks is as much wider.
func (s *Sampler) weigh(r *Resampling, x, scale float64) {
	support := 1.0
	if s.mode == "cubic" {
		support = 2
	}
	if !s.antialias {
		scale = 1
	}
	scale = min(scale, 1)
	left := math.Ceil(x) - 1
	first := int(math.Floor(-support/scale)) + 1
	taps := make([]float64, 2-2*first)
	sum := 0.0
	for k := range taps {
		at := int(left) + first + k
		if s.excludeOutside && (at < 0 || at >= r.In) {
			continue
		}
		taps[k] = s.kernel((float64(first+k) - (x - left)) * scale)
		sum += taps[k]
	}
	if !s.antialias && !s.excludeOutside {
		sum = 1
	}
	for k, w := range taps {
		r.add(int(left)+first+k, w/sum)
	}
}

// kernel is the weight of an element at distance x: 1-|x|, or Keys's cubic convolution (1981).
func (s *Sampler) kernel(x float64) float64 {
	x = math.Abs(x)
	switch a := s.a; {
	case s.mode == "linear":
		return max(1-x, 0)
	case x <= 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return ((a*x-5*a)*x+8*a)*x - 4*a
	}
	return 0
}

// add adds a term to the last element, unless it is none.
func (r *Resampling) add(at int, w float64) {
	if w == 0 {
		return
	}
	i := int32(min(max(at, 0), r.In-1))
	if k := len(r.Index) - 1; k >= int(r.From[len(r.From)-1]) && r.Index[k] == i {
		r.Weight[k] += w
		return
	}
	r.Index, r.Weight = append(r.Index, i), append(r.Weight, w)
}

// Identity reports whether every element is its own.
func (r *Resampling) Identity() bool {
	if r.In != r.Out || len(r.Index) != r.Out || len(r.Outside) > 0 {
		return false
	}
	for j, i := range r.Index {
		if int(r.From[j]) != j || int(i) != j || r.Weight[j] != 1 {
			return false
		}
	}
	return true
}
