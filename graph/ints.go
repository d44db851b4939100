package graph

import "github.com/elbo-ml/elbo/tensor"

// carriesInts reports whether shape inference may follow the content of v: a small integer or bool tensor of rank 0 or 1.
func carriesInts(v *Value) bool {
	if len(v.Shape) > 1 || v.DType != tensor.Int64 && v.DType != tensor.Int32 && v.DType != tensor.Bool {
		return false
	}
	n, ok := v.Shape.Size().Known()
	return ok && n >= 0 && n <= maxInts
}

// setInts records the content of y when it may carry one.
func setInts(y *Value, ints []Dim) {
	if n, _ := y.Shape.Size().Known(); ints != nil && carriesInts(y) && len(ints) == n {
		y.Ints = ints
	}
}

// knownInts is the content of v as numbers, if all of it is known.
func knownInts(v *Value) ([]int, bool) {
	if v == nil || v.Ints == nil {
		return nil, false
	}
	return Shape(v.Ints).Known()
}

// mapInts follows the content of vectors and scalars through an elementwise operator. f gives false where the result
// cannot be known.
func mapInts(y *Value, f func(args []Dim) (Dim, bool), inputs ...*Value) {
	if !carriesInts(y) {
		return
	}
	n, _ := y.Shape.Size().Known()
	out := make([]Dim, n)
	args := make([]Dim, len(inputs))
	for i := range out {
		for k, v := range inputs {
			switch len(v.Ints) {
			case 0:
				return
			case 1:
				args[k] = v.Ints[0]
			case n:
				args[k] = v.Ints[i]
			default:
				return
			}
		}
		d, ok := f(args)
		if !ok {
			return
		}
		out[i] = d
	}
	y.Ints = out
}

// truncDiv is ONNX's integer division, which rounds to zero; symbols stand for extents, which are not negative.
func truncDiv(a, b Dim) (Dim, bool) {
	if b.Is(0) {
		return Dim{}, false
	}
	x, ok := a.Known()
	y, ok2 := b.Known()
	if ok && ok2 {
		return N(x / y), true
	}
	return a.Div(b), true
}

// compareDims is -1, 0 or 1 as a is less than, equal to or greater than b, if that holds whatever the symbols are.
// Symbols stand for extents, which are not negative.
func compareDims(a, b Dim) (int, bool) {
	d := a.Sub(b)
	if n, ok := d.Known(); ok {
		return sign(n), true
	}
	up, down := true, true
	for _, t := range d.terms {
		up, down = up && t.coef > 0, down && t.coef < 0
	}
	switch {
	case up && d.c > 0:
		return 1, true
	case down && d.c < 0:
		return -1, true
	}
	return 0, false
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

func boolDim(b bool) Dim {
	if b {
		return N(1)
	}
	return N(0)
}
