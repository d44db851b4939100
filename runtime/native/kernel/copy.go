package kernel

// copyStrided binds a copy through an iteration space: operand 0 is the destination, operand 1 the source.
//
//	for each index i: dst[dstOff + i.strides[0]] = src[srcOff + i.strides[1]]
//
// Transpose, Expand, Slice, Concat, Pad, DepthToSpace and their kind are all this copy.
func copyStrided[T word](p Cores, dst, src *Buf, s space, dstOff, srcOff int) Task {
	body := copyRows[T](dst, src, s, dstOff, srcOff)
	n, step := s.outer(), rowGrain(s.inner())
	if n == 1 && s.step(0) == 1 && (s.step(1) == 0 || s.step(1) == 1) {
		whole := s.inner()
		scalar := s.step(1) == 0
		body = func(lo, hi int) {
			d, sr := Data[T](dst)[dstOff:], Data[T](src)[srcOff:]
			if scalar {
				fill(d[lo:hi], sr[0])
				return
			}
			copy(d[lo:hi], sr[lo:hi])
		}
		n, step = whole, grain
	}
	if t := len(s.dims) - 2; t >= 0 && s.step(0) == 1 && s.step(1) > 1 && s.strides[1][t] == 1 {
		body, n, step = transposeTiles[T](dst, src, s, dstOff, srcOff)
	}
	if dst.Len() == 0 || src.Len() == 0 || n*s.inner() == 0 {
		return nothing
	}
	return func() error {
		p.For(n, step, body)
		return nil
	}
}

func copyRows[T word](dst, src *Buf, s space, dstOff, srcOff int) func(lo, hi int) {
	inner, ds, ss := s.inner(), s.step(0), s.step(1)
	return func(lo, hi int) {
		d, sr := Data[T](dst), Data[T](src)
		for i := lo; i < hi; i++ {
			do, so := dstOff+s.offset(0, i), srcOff+s.offset(1, i)
			switch {
			case ds == 1 && ss == 1:
				copy(d[do:do+inner], sr[so:so+inner])
			case ds == 1 && ss == 0:
				fill(d[do:do+inner], sr[so])
			default:
				for range inner {
					d[do] = sr[so]
					do += ds
					so += ss
				}
			}
		}
	}
}

// tile is the edge of the squares in which matrices are transposed: both sides of one fit the first-level cache.
const tile = 32

// transposeTiles copies where the source is contiguous along the destination's last axis but one: a batch of matrices
// to be transposed. The ranges are bands of tile rows of the destination.
func transposeTiles[T word](dst, src *Buf, s space, dstOff, srcOff int) (body func(lo, hi int), n, step int) {
	last := len(s.dims) - 1
	rows, cols := s.dims[last-1], s.dims[last]
	rowStep, colStep := s.strides[0][last-1], s.step(1)
	bands := (rows + tile - 1) / tile
	body = func(lo, hi int) {
		d, sr := Data[T](dst), Data[T](src)
		for i := lo; i < hi; i++ {
			first := i % bands * tile
			at := i / bands * rows // the outer index of row 0
			do, so := dstOff+s.offset(0, at), srcOff+s.offset(1, at)
			for c0 := 0; c0 < cols; c0 += tile {
				for r := first; r < min(first+tile, rows); r++ {
					to, from := d[do+r*rowStep:], sr[so+r:]
					for c := c0; c < min(c0+tile, cols); c++ {
						to[c] = from[c*colStep]
					}
				}
			}
		}
	}
	return body, s.outer() / rows * bands, rowGrain(tile * cols)
}

func fill[T any](dst []T, v T) {
	for i := range dst {
		dst[i] = v
	}
}

func nothing() error { return nil }

// sequence runs tasks one after the other.
func sequence(tasks ...Task) Task {
	if len(tasks) == 1 {
		return tasks[0]
	}
	return func() error {
		for _, t := range tasks {
			if err := t(); err != nil {
				return err
			}
		}
		return nil
	}
}
