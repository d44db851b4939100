package tensor

import "fmt"

// Unpack makes a tensor of elements of 2 or 4 bits, one a byte, from the form of ONNX's files and of ONNX Runtime's memory,
// which packs them from the low bits of a byte up. It fails when the length does not match.
func Unpack(dtype DType, shape Shape, raw []byte) (*Tensor, error) {
	n, err := shape.CheckedSize()
	if err != nil {
		return nil, err
	}
	bits := dtype.Bits()
	if len(raw) != (n*bits+7)/8 {
		return nil, fmt.Errorf("tensor: %d bytes for packed %v%v: %w", len(raw), dtype, shape, ErrShape)
	}
	out := New(dtype, shape...)
	elements, each := out.Bytes(), 8/bits
	for i := range elements {
		v := raw[i/each] >> (i % each * bits) & (1<<bits - 1)
		if dtype == Int4 || dtype == Int2 {
			v = uint8(int8(v<<(8-bits)) >> (8 - bits)) // the sign
		}
		elements[i] = v
	}
	return out, nil
}

// Pack is the way back of Unpack.
func Pack(t *Tensor) []byte {
	bits := t.DType().Bits()
	each := 8 / bits
	raw := make([]byte, (t.Len()*bits+7)/8)
	for i, v := range t.Bytes() {
		raw[i/each] |= v & (1<<bits - 1) << (i % each * bits)
	}
	return raw
}
