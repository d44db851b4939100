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
