package importer

import (
	"fmt"

	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
	"github.com/elbo-ml/elbo/tensor"
)

// A file's sparse initializers may unfold to freeElements elements and to foldElements more for each value in them, all
// together: a small file does not take much memory.
const freeElements, foldElements = 1 << 22, 1 << 12

// sparseWeights unfolds the sparse initializers: package graph holds dense tensors.
func (b *builder) sparseWeights(list []*onnxpb.SparseTensor) error {
	room := freeElements
	for _, p := range list {
		if p.Values == nil || p.Values.Name == "" {
			return fmt.Errorf("a sparse initializer has no name: %w", ErrMalformed)
		}
		t, err := b.unfold(p, &room)
		if err != nil {
			return fmt.Errorf("sparse initializer %q: %w", p.Values.Name, err)
		}
		v := b.g.Weight(p.Values.Name, t)
		if err := b.g.Err(); err != nil {
			return fmt.Errorf("%w: %w", err, ErrMalformed)
		}
		v.Doc, v.Unknown = p.Values.Doc, p.Values.Unknown
	}
	return nil
}

// unfold is the dense tensor of a sparse one, whose places are linear [n] or one index for each axis [n, rank].
func (b *builder) unfold(p *onnxpb.SparseTensor, room *int) (*tensor.Tensor, error) {
	shape := make(tensor.Shape, len(p.Dims))
	for i, d := range p.Dims {
		if d < 0 || d > maxDim {
			return nil, fmt.Errorf("dimension %d is %d: %w", i, d, ErrMalformed)
		}
		shape[i] = int(d)
	}
	size, err := shape.CheckedSize()
	if err != nil {
		return nil, err
	}
	values, err := b.tensorOf(p.Values)
	if err != nil {
		return nil, fmt.Errorf("values: %w", err)
	}
	n := values.Len()
	*room += foldElements * n
	if err := onnxpb.Over("elements in sparse tensors", size, min(b.limits.Elements, *room)); err != nil {
		return nil, err
	}
	*room -= size
	places, err := b.places(p.Indices, shape, n)
	if err != nil {
		return nil, err
	}
	out := tensor.New(values.DType(), shape...)
	width := values.DType().Size()
	last := int64(-1)
	for i, at := range places {
		if at <= last || at >= int64(size) {
			return nil, fmt.Errorf("index %d is %d after %d, of %d elements: %w", i, at, last, size, ErrMalformed)
		}
		copy(out.Bytes()[int(at)*width:][:width], values.Bytes()[i*width:])
		last = at
	}
	return out, nil
}

// places are the linear indices of n values.
func (b *builder) places(p *onnxpb.Tensor, shape tensor.Shape, n int) ([]int64, error) {
	if p == nil && n == 0 {
		return nil, nil
	}
	if p == nil || tensor.DType(p.DataType) != tensor.Int64 {
		return nil, fmt.Errorf("the indices are missing or not int64: %w", ErrMalformed)
	}
	t, err := b.tensorOf(p)
	if err != nil {
		return nil, fmt.Errorf("indices: %w", err)
	}
	index := tensor.Data[int64](t)
	switch s := t.Shape(); {
	case len(s) == 1 && s[0] == n:
		return index, nil
	case len(s) != 2 || s[0] != n || s[1] != len(shape):
		return nil, fmt.Errorf("indices of shape %v for %d values of %v: %w", s, n, shape, ErrMalformed)
	}
	places := make([]int64, n)
	for i := range places {
		for axis, extent := range shape {
			at := index[i*len(shape)+axis]
			if at < 0 || at >= int64(extent) {
				return nil, fmt.Errorf("index %d is %d on axis %d of %v: %w", i, at, axis, shape, ErrMalformed)
			}
			places[i] = places[i]*int64(extent) + at
		}
	}
	return places, nil
}

// fold moves the initializers that a list of values and places holds in fewer bytes to the sparse ones.
func fold(g *onnxpb.Graph) {
	dense := g.Initializers[:0]
	for _, t := range g.Initializers {
		if s := folded(t); s != nil {
			g.Sparse = append(g.Sparse, s)
		} else {
			dense = append(dense, t)
		}
	}
	g.Initializers = dense
}

// folded is the sparse form of a tensor of real numbers, or nil where it takes no fewer bytes. The places are linear, and stand
// in a typed list: as varints most take two bytes or three where raw ones take eight.
func folded(t *onnxpb.Tensor) *onnxpb.SparseTensor {
	dtype := tensor.DType(t.DataType)
	if dtype != tensor.Float32 && dtype != tensor.Float64 {
		return nil
	}
	width := dtype.Size()
	s := &onnxpb.SparseTensor{Dims: t.Dims, Values: &onnxpb.Tensor{Fields: t.Fields, Name: t.Name, Doc: t.Doc, DataType: t.DataType},
		Indices: &onnxpb.Tensor{DataType: int64(tensor.Int64)}}
	size := 0
	for at := 0; at < len(t.Raw); at += width {
		element := t.Raw[at : at+width]
		if isZero(element) {
			continue
		}
		place := int64(at / width)
		s.Values.Raw = append(s.Values.Raw, element...)
		s.Indices.Int64s = append(s.Indices.Int64s, place)
		for size += width + 1; place >= 0x80; place >>= 7 {
			size++
		}
		if size >= len(t.Raw) {
			return nil
		}
	}
	const frame = 32 // what the messages around the two lists take
	n := len(s.Indices.Int64s)
	if size+frame >= len(t.Raw) {
		return nil
	}
	s.Values.Dims, s.Indices.Dims = []int64{int64(n)}, []int64{int64(n)}
	return s
}

// isZero reports whether all bits of an element are 0: what is folded comes back the same to the bit, -0 too.
func isZero(element []byte) bool {
	for _, b := range element {
		if b != 0 {
			return false
		}
	}
	return true
}
