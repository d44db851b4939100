package kernel

import (
	"encoding/binary"
	"unsafe"
)

// A bool is a byte that is 0 or 1, so bit operators on words of eight of them are logic on each.

const ones = 0x0101010101010101

// bytes are the bools as they lie.
func bytes(x []bool) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}

func truth(b bool) uint64 {
	if b {
		return ones
	}
	return 0
}

// byEight makes the loops of f, which takes the bits of both operands.
func byEight(f func(a, b uint64) uint64) binaryOp[bool, bool] {
	vs := func(y, a []bool, b bool) {
		to, from, other := bytes(y), bytes(a[:len(y)]), truth(b)
		for ; len(to) >= 8; to, from = to[8:], from[8:] {
			binary.NativeEndian.PutUint64(to, f(binary.NativeEndian.Uint64(from), other))
		}
		for i := range to {
			to[i] = byte(f(uint64(from[i]), other&1))
		}
	}
	return binaryOp[bool, bool]{
		vv: func(y, a, b []bool) {
			to, left, right := bytes(y), bytes(a[:len(y)]), bytes(b[:len(y)])
			for ; len(to) >= 8; to, left, right = to[8:], left[8:], right[8:] {
				binary.NativeEndian.PutUint64(to, f(binary.NativeEndian.Uint64(left), binary.NativeEndian.Uint64(right)))
			}
			for i := range to {
				to[i] = byte(f(uint64(left[i]), uint64(right[i])))
			}
		},
		vs: vs,
		sv: func(y []bool, a bool, b []bool) { vs(y, b, a) },
	}
}

// not is y[i] = !x[i].
func not(y, x []bool) {
	to, from := bytes(y), bytes(x[:len(y)])
	for ; len(to) >= 8; to, from = to[8:], from[8:] {
		binary.NativeEndian.PutUint64(to, binary.NativeEndian.Uint64(from)^ones)
	}
	for i := range to {
		to[i] = from[i] ^ 1
	}
}
