package kernel

import (
	"github.com/elbo-ml/elbo/runtime/native/gemm"
	"github.com/elbo-ml/elbo/runtime/native/vec"
)

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
		switch any(T(0)).(type) { // words of the width of a float have vectors
		case uint32:
			body, n, step = transposeTiles(dst, src, s, dstOff, srcOff, gemm.Transpose[float32])
		case uint64:
			body, n, step = transposeTiles(dst, src, s, dstOff, srcOff, gemm.Transpose[float64])
		default:
			body, n, step = transposeTiles(dst, src, s, dstOff, srcOff, transpose[T])
		}
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
	_, floats := any(T(0)).(uint32)
	return func(lo, hi int) {
		d, sr := Data[T](dst), Data[T](src)
		for i := lo; i < hi; i++ {
			do, so := dstOff+s.offset(0, i), srcOff+s.offset(1, i)
			switch {
			case ds == 1 && ss == 1:
				copy(d[do:do+inner], sr[so:so+inner])
			case ds == 1 && ss == 0:
				fill(d[do:do+inner], sr[so])
			case ds == 1 && ss > 1 && floats:
				vec.Every(Data[float32](dst)[do:do+inner], Data[float32](src)[so:], ss)
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
func transposeTiles[T element](dst, src *Buf, s space, dstOff, srcOff int, f func(rows, n int, src []T, ld int, dst []T, step int)) (body func(lo, hi int), n, step int) {
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
			f(cols, min(tile, rows-first), sr[so+first:], colStep, d[do+first*rowStep:], rowStep)
		}
	}
	return body, s.outer() / rows * bands, rowGrain(tile * cols)
}

// transpose is gemm.Transpose for narrow words: dst[j*step+i] = src[i*ld+j].
func transpose[T word](rows, n int, src []T, ld int, dst []T, step int) {
	for i0 := 0; i0 < rows; i0 += tile {
		for j := range n {
			to := dst[j*step:]
			for i := i0; i < min(i0+tile, rows); i++ {
				to[i] = src[i*ld+j]
			}
		}
	}
}

// fill sets all elements to v: the first ones one by one, and the others as copies of these.
func fill[T any](dst []T, v T) {
	const first = 64
	for i := range min(len(dst), first) {
		dst[i] = v
	}
	for done := first; done < len(dst); {
		done += copy(dst[done:], dst[:min(done, 1<<12)])
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
