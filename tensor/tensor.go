package tensor

import (
	"fmt"
	"slices"
	"unsafe"
)

// Tensor is a dense row-major tensor in host memory, little-endian as ONNX stores it.
//
// A Tensor is not safe for concurrent writes; concurrent reads are fine.
type Tensor struct {
	dtype DType
	shape Shape
	data  []byte
	text  []string // the elements of a String tensor, whose data is empty
}

// New makes a tensor of zeros whose memory starts at a 64-byte boundary.
func New(dtype DType, shape ...int) *Tensor {
	s := Shape(slices.Clone(shape))
	if dtype == String {
		return &Tensor{dtype: dtype, shape: s, text: make([]string, s.Size())}
	}
	return &Tensor{dtype: dtype, shape: s, data: alignedBytes(s.Size() * dtype.Size())}
}

// alignedBytes makes n zero bytes that start at a 64-byte boundary, so that vector loads never straddle a cache line.
func alignedBytes(n int) []byte {
	const align = 64
	if n == 0 {
		return nil
	}
	buf := make([]byte, n+align)
	off := int(-uintptr(unsafe.Pointer(&buf[0])) & (align - 1))
	return buf[off : off+n : off+n]
}

// Wrap makes a tensor over data without copying it.
func Wrap[T Element](data []T, shape ...int) (*Tensor, error) {
	s := Shape(slices.Clone(shape))
	n, err := s.CheckedSize()
	if err != nil {
		return nil, err
	}
	if n != len(data) {
		return nil, fmt.Errorf("tensor: %d elements for shape %v, which holds %d: %w", len(data), s, n, ErrShape)
	}
	return &Tensor{dtype: Of[T](), shape: s, data: bytesOf(data)}, nil
}

// WrapBytes makes a tensor over little-endian bytes without copying them. It fails when the length does not match.
func WrapBytes(dtype DType, shape Shape, data []byte) (*Tensor, error) {
	n, err := shape.CheckedSize()
	if err != nil {
		return nil, err
	}
	if dtype.Size() == 0 {
		return nil, fmt.Errorf("tensor: %v tensors are not supported", dtype)
	}
	if len(data)%dtype.Size() != 0 || len(data)/dtype.Size() != n {
		return nil, fmt.Errorf("tensor: %d bytes for %v%v: %w", len(data), dtype, shape, ErrShape)
	}
	return &Tensor{dtype: dtype, shape: slices.Clone(shape), data: data}, nil
}

// Scalar makes a tensor of rank 0.
func Scalar[T Element](v T) *Tensor {
	t := New(Of[T]())
	Data[T](t)[0] = v
	return t
}

// Vector makes a tensor of rank 1 that holds a copy of v.
func Vector[T Element](v ...T) *Tensor {
	t := New(Of[T](), len(v))
	copy(Data[T](t), v)
	return t
}

// DType is the element type.
func (t *Tensor) DType() DType { return t.dtype }

// Shape is the tensor's shape. The caller must not change it.
func (t *Tensor) Shape() Shape { return t.shape }

// Len is the number of elements.
func (t *Tensor) Len() int { return t.shape.Size() }

// Bytes are the elements as little-endian memory, shared with the tensor; nil for strings.
func (t *Tensor) Bytes() []byte { return t.data }

// Data is the tensor's memory as a slice of T, shared with the tensor. T must be as wide as the element type: asking
// for another width is a bug in the caller and panics. (uint16 views Float16, uint8 views Bool.)
func Data[T Element](t *Tensor) []T {
	var zero T
	if int(unsafe.Sizeof(zero)) != t.dtype.Size() {
		panic(fmt.Sprintf("tensor: %v viewed as %T", t.dtype, zero))
	}
	if len(t.data) == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(t.data))), len(t.data)/t.dtype.Size())
}

func bytesOf[T Element](data []T) []byte {
	if len(data) == 0 {
		return nil
	}
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), len(data)*int(unsafe.Sizeof(zero)))
}

// Clone is a deep copy.
func (t *Tensor) Clone() *Tensor {
	c := New(t.dtype, t.shape...)
	copy(c.data, t.data)
	copy(c.text, t.text)
	return c
}

// Reshape is a view of the same memory with another shape of the same size.
func (t *Tensor) Reshape(shape ...int) (*Tensor, error) {
	s := Shape(slices.Clone(shape))
	n, err := s.CheckedSize()
	if err != nil {
		return nil, err
	}
	if n != t.Len() {
		return nil, fmt.Errorf("tensor: %v cannot become %v: %w", t.shape, s, ErrShape)
	}
	return &Tensor{dtype: t.dtype, shape: s, data: t.data, text: t.text}, nil
}

// Rows is a view of rows [lo, hi) along the first axis. The tensor must have an axis and hold those rows.
func (t *Tensor) Rows(lo, hi int) *Tensor {
	if len(t.shape) == 0 || lo < 0 || hi < lo || hi > t.shape[0] {
		panic(fmt.Sprintf("tensor: rows %d to %d of %v", lo, hi, t.shape))
	}
	n := t.shape[1:].Size()
	s := slices.Clone(t.shape)
	s[0] = hi - lo
	if t.dtype == String {
		return &Tensor{dtype: t.dtype, shape: s, text: t.text[lo*n : hi*n : hi*n]}
	}
	row := n * t.dtype.Size()
	return &Tensor{dtype: t.dtype, shape: s, data: t.data[lo*row : hi*row : hi*row]}
}

// Floats copies the elements into float64s, whatever the numeric type; it serves tests and printing, not hot paths.
func (t *Tensor) Floats() []float64 {
	switch t.dtype {
	case Float32:
		return floats[float32](t)
	case Float64:
		return floats[float64](t)
	case Int8:
		return floats[int8](t)
	case Int16:
		return floats[int16](t)
	case Int32:
		return floats[int32](t)
	case Int64:
		return floats[int64](t)
	case Uint16:
		return floats[uint16](t)
	case Uint32:
		return floats[uint32](t)
	case Uint64:
		return floats[uint64](t)
	case Uint8, Bool, Uint4, Uint2:
		return floats[uint8](t)
	case Int4, Int2:
		return floats[int8](t)
	case Float16:
		return decoded(t, FromFloat16)
	case BFloat16:
		return decoded(t, FromBFloat16)
	}
	if f := Small(t.dtype); f != nil {
		return decoded(t, f.Decode)
	}
	return nil
}

func decoded[T uint8 | uint16](t *Tensor, from func(T) float32) []float64 {
	out := make([]float64, t.Len())
	for i, v := range Data[T](t) {
		out[i] = float64(from(v))
	}
	return out
}

func floats[T float32 | float64 | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](t *Tensor) []float64 {
	out := make([]float64, t.Len())
	for i, v := range Data[T](t) {
		out[i] = float64(v)
	}
	return out
}

func (t *Tensor) String() string { return t.dtype.String() + t.shape.String() }
