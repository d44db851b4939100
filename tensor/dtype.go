// Package tensor holds the host tensor: a type, a shape and the elements, row-major in memory.
package tensor

import "fmt"

// DType is the element type of a tensor. The numbers are those of ONNX's TensorProto.DataType.
type DType uint8

// The element types elbo carries. Every engine computes in Float32 and Float64; the others hold
// shapes, indices, masks and weights at rest. Those from Float8E4M3FN on, but for BFloat16, take one byte an element in
// memory whatever their bits; see Small.
const (
	Invalid  DType = 0
	Float32  DType = 1
	Uint8    DType = 2
	Int8     DType = 3
	Uint16   DType = 4
	Int16    DType = 5
	Int32    DType = 6
	Int64    DType = 7
	String   DType = 8
	Bool     DType = 9
	Float16  DType = 10
	Float64  DType = 11
	Uint32   DType = 12
	Uint64   DType = 13
	BFloat16 DType = 16

	Float8E4M3FN   DType = 17
	Float8E4M3FNUZ DType = 18
	Float8E5M2     DType = 19
	Float8E5M2FNUZ DType = 20
	Uint4          DType = 21
	Int4           DType = 22
	Float4E2M1     DType = 23
	Float8E8M0     DType = 24
	Uint2          DType = 25
	Int2           DType = 26
)

type dtypeInfo struct {
	name string
	size int
}

var dtypes = [...]dtypeInfo{
	Float32: {"float32", 4}, Uint8: {"uint8", 1}, Int8: {"int8", 1}, Uint16: {"uint16", 2}, Int16: {"int16", 2},
	Int32: {"int32", 4}, Int64: {"int64", 8}, String: {"string", 0}, Bool: {"bool", 1}, Float16: {"float16", 2},
	Float64: {"float64", 8}, Uint32: {"uint32", 4}, Uint64: {"uint64", 8}, BFloat16: {"bfloat16", 2},
	Float8E4M3FN: {"float8e4m3fn", 1}, Float8E4M3FNUZ: {"float8e4m3fnuz", 1}, Float8E5M2: {"float8e5m2", 1},
	Float8E5M2FNUZ: {"float8e5m2fnuz", 1}, Float8E8M0: {"float8e8m0", 1}, Float4E2M1: {"float4e2m1", 1},
	Uint4: {"uint4", 1}, Int4: {"int4", 1}, Uint2: {"uint2", 1}, Int2: {"int2", 1},
}

// Size is the number of bytes of one element; 0 for String and for types elbo does not know.
func (d DType) Size() int {
	if int(d) >= len(dtypes) {
		return 0
	}
	return dtypes[d].size
}

// Valid reports whether elbo can hold tensors of this type.
func (d DType) Valid() bool { return d.Size() > 0 || d == String }

// IsFloat reports whether d is one of the floating-point types.
func (d DType) IsFloat() bool {
	return d == Float32 || d == Float64 || d == Float16 || d == BFloat16 || Small(d) != nil
}

// Bits is the number of bits of one element in a file, which packs what is smaller than a byte.
func (d DType) Bits() int {
	switch d {
	case Uint4, Int4, Float4E2M1:
		return 4
	case Uint2, Int2:
		return 2
	}
	return 8 * d.Size()
}

func (d DType) String() string {
	if int(d) < len(dtypes) && dtypes[d].name != "" {
		return dtypes[d].name
	}
	return fmt.Sprintf("dtype(%d)", uint8(d))
}

// Element are the Go types that a tensor's elements can be viewed as.
type Element interface {
	float32 | float64 | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | bool
}

// Of is the DType of a Go type. (A Float16 or BFloat16 tensor is viewed as uint16, but Of[uint16] is Uint16.)
func Of[T Element]() DType {
	var zero T
	switch any(zero).(type) {
	case float32:
		return Float32
	case float64:
		return Float64
	case int8:
		return Int8
	case int16:
		return Int16
	case int32:
		return Int32
	case int64:
		return Int64
	case uint8:
		return Uint8
	case uint16:
		return Uint16
	case uint32:
		return Uint32
	case uint64:
		return Uint64
	}
	return Bool
}
