package data

import (
	"fmt"
	"io"

	"github.com/elbo-ml/elbo/tensor/npy"
)

// rowMajor copies an array that lies first axis fastest to a temporary file in row-major order, a block of rows at a
// time: block k takes a run of rows from every column, so memory stays at two blocks whatever the array's size.
func rowMajor(r io.ReaderAt, base int64, h npy.Header, o Options) (*spool, error) {
	if h.Size() > o.maxBytes() {
		return nil, fmt.Errorf("%d bytes in Fortran order, more than %d; save np.ascontiguousarray of it: %w", h.Size(), o.maxBytes(), ErrFormat)
	}
	const block = 16 << 20
	n, width := h.Shape[0], h.DType.Size()
	columns := h.Shape.Size() / n
	if columns > block {
		return nil, fmt.Errorf("rows of %d numbers in Fortran order; save np.ascontiguousarray of it: %w", columns, ErrFormat)
	}
	place := rowPlaces(h.Shape[1:])
	rows := max(1, min(n, block/(columns*width)))
	run, out := make([]byte, rows*width), make([]byte, rows*columns*width)
	tmp, err := newSpool(o)
	if err != nil {
		return nil, err
	}
	for first := 0; first < n; first += rows {
		k := min(rows, n-first)
		for c := range columns {
			if _, err := r.ReadAt(run[:k*width], base+(int64(c)*int64(n)+int64(first))*int64(width)); err != nil {
				tmp.Close()
				return nil, fmt.Errorf("row %d: %w", first, err)
			}
			for i := range k {
				copy(out[(i*columns+place[c])*width:][:width], run[i*width:])
			}
		}
		if _, err := tmp.Write(out[:k*columns*width]); err != nil {
			tmp.Close()
			return nil, err
		}
	}
	return tmp, nil
}

// rowPlaces gives, for each element of a row in Fortran order, its place in row-major order.
func rowPlaces(shape []int) []int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	places := make([]int, n)
	for i := range places {
		at, rest, stride := 0, i, n
		for _, d := range shape {
			stride /= d
			at += rest % d * stride
			rest /= d
		}
		places[i] = at
	}
	return places
}
