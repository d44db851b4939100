package native

import (
	"cmp"
	"context"
	"slices"
	"unsafe"

	"github.com/elbo-ml/elbo/tensor"
)

// region is the memory of one of the caller's tensors.
type region struct {
	from, to uintptr
	written  bool // it is an output
}

// mustRunApart reports whether some output shares memory with another output or an input, so that it cannot be written
// before all inputs have been read, or some tensor's memory does not start where its elements may.
func (w *workspace) mustRunApart(in, out []*tensor.Tensor) bool {
	w.regions = w.regions[:0]
	for i, tensors := range [2][]*tensor.Tensor{in, out} {
		for _, t := range tensors {
			if !isAligned(t) {
				return true
			}
			if b := t.Bytes(); len(b) > 0 {
				from := uintptr(unsafe.Pointer(&b[0]))
				w.regions = append(w.regions, region{from, from + uintptr(len(b)), i == 1})
			}
		}
	}
	slices.SortFunc(w.regions, func(a, b region) int { return cmp.Compare(a.from, b.from) })
	var end, endWritten uintptr // of what has been passed
	for _, r := range w.regions {
		if r.from < endWritten || r.written && r.from < end {
			return true
		}
		end = max(end, r.to)
		if r.written {
			endWritten = max(endWritten, r.to)
		}
	}
	return false
}

// runApart is run on memory of its own, copied to the caller's at the end: it allocates, and serves the rare caller
// whose outputs are also inputs.
func (w *workspace) runApart(ctx context.Context, in, out []*tensor.Tensor) error {
	in, own := slices.Clone(in), make([]*tensor.Tensor, len(out))
	for i, t := range in {
		in[i] = aligned(t)
	}
	for i, t := range out {
		own[i] = tensor.New(t.DType(), t.Shape()...)
	}
	if err := w.run(ctx, in, own); err != nil {
		return err
	}
	for i, t := range own {
		copy(out[i].Bytes(), t.Bytes())
	}
	return nil
}
