package graph

import (
	"fmt"
	"math"
	"slices"

	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(&Op{Name: "Resize", Inputs: [2]int{1, 4}, Outputs: [2]int{1, 1}, Infer: inferResize, Gradient: resizeGradient,
		Undifferentiable: func(n *Node) string {
			if r, err := resizing(n); err == nil && r.scales == nil && r.sizes == nil {
				return "scales that are computed"
			}
			return ""
		}})
}

// resize is a Resize node: X, roi, scales, sizes, one of the last two.
type resize struct {
	x      *Value
	scales []float64 // nil where they are not given, or not known
	sizes  []Dim     // the same
	roi    []float64 // of tf_crop_and_resize
	crops  bool
}

func resizing(n *Node) (r resize, err error) {
	r.x, r.crops = n.Inputs[0], n.Str("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize"
	rank := len(r.x.Shape)
	scales, sizes := given(n.Input(2)), given(n.Input(3))
	if (scales == nil) == (sizes == nil) {
		return r, fmt.Errorf("it must be given either scales or sizes")
	}
	for _, v := range []*Value{scales, sizes} {
		if v == nil {
			continue
		}
		if k, ok := v.Shape.Size().Known(); len(v.Shape) != 1 || ok && k != rank {
			return r, fmt.Errorf("scales or sizes %v for %d axes", v.Shape, rank)
		}
	}
	if sizes != nil {
		r.sizes = sizes.Ints
	} else {
		r.scales, _ = Floats(scales)
	}
	for _, s := range r.scales {
		if !(s > 0) || math.IsInf(s, 0) {
			return r, fmt.Errorf("scales %v must be positive", r.scales)
		}
	}
	if r.crops {
		return r, r.crop(n.Input(1))
	}
	return r, nil
}

// crop reads the part of each axis that is taken: all starts, and then all ends.
func (r *resize) crop(roi *Value) error {
	if roi == nil {
		return fmt.Errorf("tf_crop_and_resize without a roi")
	}
	if k, ok := roi.Shape.Size().Known(); ok && k != 2*len(r.x.Shape) {
		return fmt.Errorf("roi %v for %d axes", roi.Shape, len(r.x.Shape))
	}
	r.roi, _ = Floats(roi)
	return nil
}

// given is v unless it is empty, as an input that is not meant was written in opset 11.
func given(v *Value) *Value {
	if v == nil || v.Shape.Size().Is(0) {
		return nil
	}
	return v
}

// Floats is the content of a vector of numbers where it is known: a constant, or constants joined, cut and converted.
func Floats(v *Value) ([]float64, bool) {
	if v.Data != nil {
		return v.Data.Floats(), v.Data.Floats() != nil
	}
	if ints, ok := knownInts(v); ok {
		out := make([]float64, len(ints))
		for i, k := range ints {
			out[i] = float64(k)
		}
		return out, true
	}
	k, ok := v.Shape.Size().Known()
	switch {
	case ok && k == 0:
		return []float64{}, true
	case v.Producer == nil || len(v.Shape) != 1 || !ok || k > maxInts:
		return nil, false
	}
	switch n := v.Producer; n.Op {
	case "Concat":
		var out []float64
		for _, x := range n.Inputs {
			part, ok := Floats(x)
			if !ok {
				return nil, false
			}
			out = append(out, part...)
		}
		return out, true
	case "Identity", "Cast":
		if v.DType.IsFloat() {
			return Floats(n.Inputs[0])
		}
	case "Slice":
		return slicedFloats(n)
	}
	return nil, false
}

// slicedFloats is Floats of a run of neighbours.
func slicedFloats(n *Node) ([]float64, bool) {
	all, ok := Floats(n.Inputs[0])
	from, ok2 := knownInts(n.Inputs[1])
	to, ok3 := knownInts(n.Inputs[2])
	if !ok || !ok2 || !ok3 || n.Input(4) != nil || len(from) != 1 || len(to) != 1 || from[0] < 0 || to[0] < from[0] || to[0] > len(all) {
		return nil, false
	}
	return all[from[0]:to[0]], true
}

func inferResize(n *Node) error {
	if _, err := NewSampler(n); err != nil {
		return err
	}
	for _, name := range []string{"antialias", "axes", "keep_aspect_ratio_policy"} {
		if n.Has(name) {
			return fmt.Errorf("%s in the canonical opset: %w", name, ErrUnsupported)
		}
	}
	r, err := resizing(n)
	if err != nil {
		return err
	}
	y := n.Outputs[0]
	y.DType, y.Shape = r.x.DType, freshShape(n.Outputs[0], len(r.x.Shape))
	for i, d := range r.x.Shape {
		switch {
		case r.sizes != nil:
			y.Shape[i] = r.sizes[i]
		case r.scales != nil:
			if scaled, ok := scaledDim(d, float32(r.scales[i])); ok {
				y.Shape[i] = scaled
			}
		}
		in, known := d.Known()
		out, known2 := y.Shape[i].Known()
		if known2 && (out < 0 || out > math.MaxInt32) || known && known2 && in == 0 && out > 0 {
			return fmt.Errorf("axis %d of %v cannot get the extent %d", i, r.x.Shape, out)
		}
	}
	return nil
}

// scaledDim is floor(d*s), computed in float32 where d is a number; false where d is a symbol and s no simple fraction.
func scaledDim(d Dim, s float32) (Dim, bool) {
	if n, ok := d.Known(); ok {
		return N(int(min(math.Floor(float64(float32(n)*s)), 1<<40))), true
	}
	for q := 1; q <= 1024; q *= 2 {
		if p := float64(s) * float64(q); p == math.Floor(p) && p < maxWindow {
			return d.Mul(N(int(p))).Div(N(q)), true
		}
	}
	return Dim{}, false
}

// keeps reports whether axis i is left as it is, whatever the extents are.
func (r *resize) keeps(i int, y *Value) bool {
	if r.crops && !(len(r.roi) == 2*len(r.x.Shape) && r.roi[i] == 0 && r.roi[len(r.x.Shape)+i] == 1) {
		return false
	}
	if r.scales != nil {
		return r.scales[i] == 1
	}
	return r.x.Shape[i].Equal(y.Shape[i])
}

// Resamplings are the maps of a Resize node along its axes, nil for those that it leaves as they are. The shapes are
// numbers and the other inputs constants.
func Resamplings(n *Node) ([]*Resampling, error) {
	s, err := NewSampler(n)
	if err != nil {
		return nil, err
	}
	r, err := resizing(n)
	if err != nil {
		return nil, err
	}
	rank := len(r.x.Shape)
	if r.scales == nil && r.sizes == nil || r.crops && len(r.roi) != 2*rank {
		return nil, fmt.Errorf("scales, sizes and roi must be constants: %w", ErrUnsupported)
	}
	maps := make([]*Resampling, rank)
	for i, d := range r.x.Shape {
		in, _ := d.Known()
		out, _ := n.Outputs[0].Shape[i].Known()
		e := Stretch{In: in, Out: out, Scale: float64(out) / float64(in), Length: float64(out), End: 1}
		if r.scales != nil {
			e.Scale, e.Length = r.scales[i], r.scales[i]*float64(in)
		}
		if r.crops {
			e.Start, e.End = r.roi[i], r.roi[rank+i]
		}
		if in == 0 || out == 0 {
			continue
		}
		if m := s.Resample(e); !m.Identity() {
			maps[i] = m
		}
	}
	return maps, nil
}

// y is a linear map of x along each axis, so dx is dy through the transposed maps. The matrix of a map is what Resize makes
// of the identity: so every engine goes back the way it came, whatever the mode and however long the axis.
func resizeGradient(g *Graph, n *Node, dy []*Value) []*Value {
	r, err := resizing(n)
	g.Fail(err)
	d := dy[0]
	for i := range r.x.Shape {
		if !r.keeps(i, n.Outputs[0]) {
			d = g.MatMulAlong(i, d, g.responses(n, i))
		}
	}
	out := make([]*Value, len(n.Inputs))
	out[0] = d
	return out
}

// responses is the matrix [in, out] whose row k is what the Resize node makes of a one at place k of axis i.
func (g *Graph) responses(n *Node, i int) *Value {
	x, rank := n.Inputs[0], len(n.Inputs[0].Shape)
	extent := g.dimOf(x, i)
	eye := g.Node("EyeLike", Attrs{"dtype": int64(x.DType)}, g.zeros(x.DType, g.concatInts(extent, extent)))
	entry := func(v *Value, k int) *Value {
		return g.Node("Slice", nil, v, g.Int64s(k), g.Int64s(k+1), g.Int64s(0))
	}
	floats := func(v ...float32) *Value { return g.Const(tensor.Vector(v...)) }
	inputs := []*Value{g.Unsqueeze(eye, 0, 1), nil, nil, nil}
	if v := given(n.Input(2)); v != nil {
		inputs[2] = g.Concat(0, floats(1, 1, 1), entry(v, i))
	}
	if v := given(n.Input(3)); v != nil {
		inputs[3] = g.concatInts(g.Int64s(1, 1), extent, entry(v, i))
	}
	if v := n.Input(1); v != nil && n.Str("coordinate_transformation_mode", "") == "tf_crop_and_resize" {
		one := g.Cast(floats(1, 1, 1), v.DType)
		inputs[1] = g.Concat(0, g.Cast(floats(0, 0, 0), v.DType), entry(v, i), one, entry(v, rank+i))
	}
	for inputs[len(inputs)-1] == nil {
		inputs = inputs[:len(inputs)-1]
	}
	attrs := n.Attrs.clone()
	delete(attrs, "extrapolation_value")
	return g.Squeeze(g.Node("Resize", attrs, inputs...), 0, 1)
}

// MatMulAlong multiplies along axis a of x, of extent k, by the matrix m [n, k]: y[.., i, ..] is the sum over j of
// m[i, j]*x[.., j, ..].
func (g *Graph) MatMulAlong(a int, x, m *Value) *Value {
	last := len(x.Shape) - 1
	switch {
	case a == last:
		return g.MatMul(x, g.Transpose(m, 1, 0))
	case a == last-1:
		return g.MatMul(m, x)
	}
	var before, behind []*Value
	for i := range x.Shape {
		switch {
		case i < a:
			before = append(before, g.dimOf(x, i))
		case i > a:
			behind = append(behind, g.dimOf(x, i))
		}
	}
	flat := g.Int64s(-1)
	if k, ok := x.Shape[a+1:].Size().Known(); ok {
		flat = g.Int64s(k)
	}
	columns := g.reshapeExact(x, g.concatInts(slices.Concat(before, []*Value{g.dimOf(x, a), flat})...))
	return g.reshapeExact(g.MatMul(m, columns), g.concatInts(slices.Concat(before, []*Value{g.dimOf(m, 0)}, behind)...))
}
