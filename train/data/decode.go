package data

import (
	"encoding/binary"
	"math"

	"github.com/elbo-ml/elbo/tensor"
)

// levels are k/255, the value of byte k.
var levels = func() (t [256]float32) {
	for k := range t {
		t[k] = float32(k) / 255
	}
	return t
}()

// decode turns raw little-endian elements into float32. It returns the index of the first that is NaN or outside of
// [0,1], or -1.
func decode(dtype tensor.DType, raw []byte, dst []float32) int {
	switch dtype {
	case tensor.Uint8:
		for i, b := range raw {
			dst[i] = levels[b]
		}
		return -1
	case tensor.Bool:
		for i, b := range raw {
			dst[i] = float32(min(b, 1))
		}
		return -1
	case tensor.Float16:
		for i := range dst {
			dst[i] = tensor.FromFloat16(binary.LittleEndian.Uint16(raw[2*i:]))
		}
	case tensor.Float32:
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	case tensor.Float64:
		for i := range dst {
			v := math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
			if dst[i] = float32(v); !(v >= 0 && v <= 1) {
				return i
			}
		}
	}
	for i, v := range dst {
		if !(v >= 0 && v <= 1) { // also true for NaN
			return i
		}
	}
	return -1
}
