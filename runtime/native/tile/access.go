package tile

import "github.com/elbo-ml/elbo/tensor"

// Access tells which element of an operand meets element i of the chain: element i/Div % Period. A tensor of the chain's
// own size has Div 1 and Period n; a number has Period 1; a row that repeats has Div 1; a column that is spread over the
// row, Div the row's length; and a channel's scale in an image both.
type Access struct{ Div, Period int }

// AccessOf is how an operand of the given shape meets the elements of out under broadcasting. It is not ok where the
// axes that repeat are not all before or behind the others.
func AccessOf(shape, out tensor.Shape) (a Access, ok bool) {
	a = Access{Div: 1, Period: 1}
	axis := len(out) - 1
	at := func() int { // the operand's extent along axis
		if i := axis - len(out) + len(shape); i >= 0 {
			return shape[i]
		}
		return 1
	}
	for ; axis >= 0 && at() == 1; axis-- {
		a.Div *= out[axis]
	}
	for ; axis >= 0 && at() == out[axis]; axis-- {
		a.Period *= out[axis]
	}
	for ; axis >= 0; axis-- {
		if at() != 1 {
			return a, false
		}
	}
	if a.Period == 1 {
		a.Div = 1
	}
	return a, true
}

// Direct reports whether element i of a chain of n meets element i of the operand.
func (a Access) Direct(n int) bool { return a.Div == 1 && a.Period == n }

// within reports whether elements lo to hi-1 meet one run of neighbours, or one element again and again (step 0), and
// where it begins.
func (a Access) within(lo, hi int) (from, step int, ok bool) {
	if a.Period == 1 {
		return 0, 0, true
	}
	if a.Div == 1 {
		from = lo % a.Period
		return from, 1, from+hi-lo <= a.Period
	}
	first, last := lo/a.Div, (hi-1)/a.Div
	return first % a.Period, 0, first == last
}

// spread writes the elements of x that meet lo to lo+len(dst)-1.
func spread[T any](a Access, dst, x []T, lo int) {
	if a.Div == 1 {
		from := lo % a.Period
		for len(dst) > 0 {
			dst = dst[copy(dst, x[from:a.Period]):]
			from = 0
		}
		return
	}
	i, rest := lo/a.Div%a.Period, a.Div-lo%a.Div
	for len(dst) > 0 {
		n := min(rest, len(dst))
		v := x[i]
		for k := range dst[:n] {
			dst[k] = v
		}
		dst, rest = dst[n:], a.Div
		if i++; i == a.Period {
			i = 0
		}
	}
}
