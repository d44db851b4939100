package graph

import (
	"fmt"
	"math"
)

func init() {
	register(&Op{Name: "Slice", Inputs: [2]int{3, 5}, Outputs: [2]int{1, 1}, Infer: inferSlice, Gradient: sliceGradient,
		Undifferentiable: func(n *Node) string {
			if _, ok := sliceAxes(n); !ok || n.Input(4) != nil && n.Input(4).Ints == nil {
				return "its axes or steps are computed"
			}
			return ""
		}})
}

// sliceAxes are the axes that n cuts, in the order of starts.
func sliceAxes(n *Node) ([]int, bool) {
	if in := n.Input(3); in != nil {
		return knownInts(in)
	}
	k, ok := n.Inputs[1].Shape.Size().Known()
	if !ok || k < 0 || k > len(n.Inputs[0].Shape) { // a size may overflow
		return nil, false
	}
	return allAxes(k), true
}

func inferSlice(n *Node) error {
	x, y := n.Inputs[0], n.Outputs[0]
	y.DType = x.DType
	list, ok := sliceAxes(n)
	if !ok {
		y.Shape = freshShape(y, len(x.Shape))
		return nil
	}
	if _, err := axes(list, len(x.Shape)); err != nil {
		return err
	}
	for _, in := range n.Inputs[1:] {
		if in == nil {
			continue
		}
		if k, ok := in.Shape.Size().Known(); ok && k != len(list) || len(in.Shape) != 1 {
			return fmt.Errorf("%d entries in %q for %d axes", k, in.Name, len(list))
		}
	}
	y.Shape = append(Shape{}, x.Shape...)
	for i, a := range list {
		a, _ = axis(a, len(x.Shape))
		start, end, step := at(n.Inputs[1], i), at(n.Inputs[2], i), &Dim{c: 1}
		if in := n.Input(4); in != nil {
			step = at(in, i)
		}
		if start == nil || end == nil || step == nil {
			y.Shape[a] = freshDim(y, a)
			continue
		}
		d, ok, err := slicedExtent(x.Shape[a], *start, *end, *step)
		if err != nil {
			return err
		}
		if !ok {
			d = freshDim(y, a)
		}
		y.Shape[a] = d
	}
	sliceInts(n, list)
	return nil
}

func at(v *Value, i int) *Dim {
	if i >= len(v.Ints) {
		return nil
	}
	return &v.Ints[i]
}

// slicedExtent is how many elements start:end:step takes of an axis; false when symbols leave it open. An open extent
// is taken to be large enough for a cut of fixed width: x[1:-1] of n is n-2. (With numbers ONNX's clamping is exact.)
func slicedExtent(d, start, end, step Dim) (Dim, bool, error) {
	k, ok := step.Known()
	if ok && k == 0 {
		return Dim{}, false, fmt.Errorf("step 0")
	}
	if !ok {
		return Dim{}, false, nil
	}
	if n, ok := d.Known(); ok {
		s, ok1 := start.Known()
		e, ok2 := end.Known()
		if ok1 && ok2 {
			lo, hi := sliceBounds(n, s, e, k)
			return N(sliceLen(lo, hi, k)), true, nil
		}
	}
	if k < 0 {
		if s, ok := start.Known(); ok && s == -1 && k == -1 {
			if e, ok := end.Known(); ok && e <= -math.MaxInt32 {
				return d, true, nil
			}
		}
		return Dim{}, false, nil
	}
	lo, ok1 := clampToExtent(start, d)
	if s, ok := start.Known(); ok && 0 <= s && s < maxInts {
		lo, ok1 = start, true
	}
	hi, ok2 := clampToExtent(end, d)
	if !ok1 || !ok2 {
		return Dim{}, false, nil
	}
	span := hi.Sub(lo)
	if c, known := compareDims(span, N(0)); known && c < 0 {
		return N(0), true, nil
	} else if !known && !provablyNotNegative(span.Add(N(maxInts))) {
		return Dim{}, false, nil
	}
	return span.Add(N(k - 1)).Div(N(k)), true, nil
}

// clampToExtent is min(max(v, 0), d) after a negative v is counted from the end; false when symbols leave it open.
func clampToExtent(v, d Dim) (Dim, bool) {
	if n, ok := v.Known(); ok {
		switch {
		case n == 0:
			return v, true
		case n >= math.MaxInt32:
			return d, true
		case n < 0:
			v = d.Add(v)
			if provablyNotNegative(v) {
				return v, true
			}
			return v, n > -maxInts
		}
	}
	if v.Equal(d) || provablyNotNegative(d.Sub(v)) {
		return v, true
	}
	if provablyNotNegative(v.Sub(d)) {
		return d, true
	}
	return Dim{}, false
}

func provablyNotNegative(d Dim) bool {
	if d.c < 0 {
		return false
	}
	for _, t := range d.terms {
		if t.coef < 0 {
			return false
		}
	}
	return true
}

// sliceBounds clamps as ONNX does: to [0, n] for positive steps, and to [-1, n-1] for negative ones.
func sliceBounds(n, start, end, step int) (int, int) {
	clamp := func(v, lo, hi int) int {
		if v < 0 {
			v = max(v, -n-1) + n
		}
		return min(max(v, lo), hi)
	}
	if step > 0 {
		return clamp(start, 0, n), clamp(end, 0, n)
	}
	if n == 0 {
		return 0, 0
	}
	return clamp(start, 0, n-1), clamp(end, -1, n-1)
}

func sliceLen(lo, hi, step int) int {
	if step > 0 {
		return max(0, (hi-lo-1)/step+1) * boolInt(hi > lo)
	}
	return max(0, (lo-hi-1)/-step+1) * boolInt(lo > hi)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// sliceInts follows the content of a vector: Shape(x)[0:2].
func sliceInts(n *Node, list []int) {
	x, y := n.Inputs[0], n.Outputs[0]
	if x.Ints == nil || len(x.Shape) != 1 || len(list) != 1 {
		return
	}
	starts, ok1 := knownInts(n.Inputs[1])
	ends, ok2 := knownInts(n.Inputs[2])
	step := 1
	if in := n.Input(4); in != nil {
		steps, ok := knownInts(in)
		if !ok || len(steps) != 1 {
			return
		}
		step = steps[0]
	}
	if !ok1 || !ok2 || len(starts) != 1 || len(ends) != 1 {
		return
	}
	lo, hi := sliceBounds(len(x.Ints), starts[0], ends[0], step)
	out := []Dim{}
	for i := range sliceLen(lo, hi, step) {
		out = append(out, x.Ints[lo+i*step])
	}
	setInts(y, out)
}

// Slice takes elements start to end (not included) along each axis, counted from the end where negative.
func (g *Graph) Slice(x *Value, starts, ends, axes []int) *Value {
	return g.Node("Slice", nil, x, g.Int64s(starts...), g.Int64s(ends...), g.Int64s(axes...))
}
