package importer

import (
	"fmt"
	"math"
	"runtime"
	"unsafe"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
	"github.com/elbo-ml/elbo/tensor"
)

// tensorOf is the host tensor of a TensorProto. Its memory is the file's where the elements stand there as they are.
func (b *builder) tensorOf(t *onnxpb.Tensor) (*tensor.Tensor, error) {
	dtype, err := dtypeOf(t.DataType)
	if err != nil {
		return nil, err
	}
	shape := make(tensor.Shape, len(t.Dims))
	for i, d := range t.Dims {
		if d < 0 || d > math.MaxInt {
			return nil, fmt.Errorf("dimension %d is %d: %w", i, d, ErrMalformed)
		}
		shape[i] = int(d)
	}
	n, err := shape.CheckedSize()
	if err != nil {
		return nil, err
	}
	if err := onnxpb.Over("elements in a tensor", n, b.limits.Elements); err != nil {
		return nil, err
	}
	if dtype == tensor.String {
		return stringsOf(t, shape, n)
	}
	raw := t.Raw
	stored := (n*dtype.Bits() + 7) / 8
	switch {
	case t.Location == onnxpb.External:
		if raw, err = b.external(t, int64(stored)); err != nil {
			return nil, err
		}
	case len(raw) == 0 && n > 0:
		return typedData(t, dtype, shape, n)
	}
	if dtype.Bits() < 8 {
		return tensor.Unpack(dtype, shape, raw)
	}
	out, err := tensor.WrapBytes(dtype, shape, raw)
	if err != nil {
		return nil, err
	}
	if needsCopy(dtype, raw) {
		out = out.Clone()
	}
	if dtype == tensor.Bool {
		normalizeBools(out.Bytes())
	}
	return out, nil
}

// needsCopy reports whether the bytes of a file cannot serve as a tensor's memory: small ones, because an aligned copy
// is cheaper than slow loads, and misaligned ones on machines that cannot load them.
func needsCopy(dtype tensor.DType, raw []byte) bool {
	const small = 1 << 12
	if len(raw) <= small || dtype == tensor.Bool {
		return true
	}
	switch runtime.GOARCH {
	case "amd64", "386", "arm64", "ppc64le":
		return false
	}
	return uintptr(unsafe.Pointer(unsafe.SliceData(raw)))%uintptr(dtype.Size()) != 0
}

// normalizeBools makes every true a 1, which is what Go takes a bool in memory for.
func normalizeBools(b []byte) {
	for i, v := range b {
		if v > 1 {
			b[i] = 1
		}
	}
}

func dtypeOf(code int64) (tensor.DType, error) {
	if code < 0 || code > math.MaxUint8 || !tensor.DType(code).Valid() {
		return 0, fmt.Errorf("element type %d (%v): %w", code, tensor.DType(code), graph.ErrUnsupported)
	}
	return tensor.DType(code), nil
}

// typedData reads the elements from the list that the element type belongs to.
func typedData(t *onnxpb.Tensor, dtype tensor.DType, shape tensor.Shape, n int) (*tensor.Tensor, error) {
	if dtype.Bits() < 8 {
		packed := make([]uint8, len(t.Int32s))
		narrow(packed, t.Int32s)
		return tensor.Unpack(dtype, shape, packed)
	}
	have := 0
	switch dtype {
	case tensor.Float32:
		have = len(t.Floats)
	case tensor.Float64:
		have = len(t.Doubles)
	case tensor.Int64:
		have = len(t.Int64s)
	case tensor.Uint32, tensor.Uint64:
		have = len(t.Uint64s)
	default:
		have = len(t.Int32s)
	}
	if have != n {
		return nil, fmt.Errorf("%d elements for %v%v, which holds %d: %w", have, dtype, shape, n, ErrMalformed)
	}
	out := tensor.New(dtype, shape...)
	switch dtype {
	case tensor.Float32:
		copy(tensor.Data[float32](out), t.Floats)
	case tensor.Float64:
		copy(tensor.Data[float64](out), t.Doubles)
	case tensor.Int64:
		copy(tensor.Data[int64](out), t.Int64s)
	case tensor.Uint64:
		narrow(tensor.Data[uint64](out), t.Uint64s)
	case tensor.Uint32:
		narrow(tensor.Data[uint32](out), t.Uint64s)
	case tensor.Int32:
		narrow(tensor.Data[int32](out), t.Int32s)
	case tensor.Int16:
		narrow(tensor.Data[int16](out), t.Int32s)
	case tensor.Uint16, tensor.Float16, tensor.BFloat16:
		narrow(tensor.Data[uint16](out), t.Int32s)
	default: // of one byte
		narrow(tensor.Data[uint8](out), t.Int32s)
		if dtype == tensor.Bool {
			normalizeBools(out.Bytes())
		}
	}
	return out, nil
}

func narrow[T uint8 | uint16 | int16 | int32 | uint32 | uint64](to []T, from []int64) {
	for i, v := range from {
		to[i] = T(v)
	}
}

// stringsOf is a tensor of strings, which stand one by one in the file.
func stringsOf(t *onnxpb.Tensor, shape tensor.Shape, n int) (*tensor.Tensor, error) {
	if len(t.Strings) != n || t.Location == onnxpb.External {
		return nil, fmt.Errorf("%d strings for %v: %w", len(t.Strings), shape, ErrMalformed)
	}
	out := tensor.New(tensor.String, shape...)
	for i, b := range t.Strings {
		out.Strings()[i] = string(b)
	}
	return out, nil
}

// protoOf is the TensorProto of a host tensor, sharing its memory.
func protoOf(name string, t *tensor.Tensor) *onnxpb.Tensor {
	p := &onnxpb.Tensor{Name: name, DataType: int64(t.DType()), Raw: t.Bytes()}
	if t.DType().Bits() < 8 {
		p.Raw = tensor.Pack(t)
	}
	for _, s := range t.Strings() {
		p.Strings = append(p.Strings, []byte(s))
	}
	for _, d := range t.Shape() {
		p.Dims = append(p.Dims, int64(d))
	}
	return p
}
