package kernel

import (
	"github.com/elbo-ml/elbo/runtime/native/vec"
	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(
		&Kernel{Op: "Cast", Types: castTypes(), Loop: always(Loop{Widen: vec.Widen})},
		&Kernel{Op: "CastLike", Types: castTypes(), Loop: always(Loop{Widen: vec.Widen})},
	)
}

func castTypes() map[tensor.DType]Bind {
	types := map[tensor.DType]Bind{
		tensor.Float32: castFrom[float32](), tensor.Float64: castFrom[float64](),
		tensor.Int8: castFrom[int8](), tensor.Int16: castFrom[int16](), tensor.Int32: castFrom[int32](), tensor.Int64: castFrom[int64](),
		tensor.Uint8: castFrom[uint8](), tensor.Uint16: castFrom[uint16](), tensor.Uint32: castFrom[uint32](), tensor.Uint64: castFrom[uint64](),
		tensor.Bool: castBool, tensor.Float16: castHalf(tensor.FromFloat16), tensor.BFloat16: castHalf(tensor.FromBFloat16),
	}
	for _, d := range narrow {
		types[d] = castTo(nil)
	}
	return types
}

type numeric interface {
	float32 | float64 | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}

// castFrom converts numbers as Go does: floats to integers towards zero; a number is true unless it is zero.
func castFrom[X numeric]() Bind {
	to := map[tensor.DType]Bind{
		tensor.Float32: converted(convert[X, float32]), tensor.Float64: converted(convert[X, float64]),
		tensor.Int8: converted(convert[X, int8]), tensor.Int16: converted(convert[X, int16]), tensor.Int32: converted(convert[X, int32]), tensor.Int64: converted(convert[X, int64]),
		tensor.Uint8: converted(convert[X, uint8]), tensor.Uint16: converted(convert[X, uint16]), tensor.Uint32: converted(convert[X, uint32]), tensor.Uint64: converted(convert[X, uint64]),
		tensor.Bool:     converted(notZero[X]),
		tensor.Float16:  mapped(func(x X) uint16 { return tensor.ToFloat16(float32(x)) }),
		tensor.BFloat16: mapped(func(x X) uint16 { return tensor.ToBFloat16(float32(x)) }),
	}
	return castTo(to)
}

func castTo(to map[tensor.DType]Bind) Bind {
	return func(c *Call) (Task, error) {
		if c.In[0].DType == c.Out[0].DType {
			return bindCopy(c)
		}
		if bind := to[c.Out[0].DType]; bind != nil {
			return bind(c)
		}
		return castVia(c)
	}
}

// convert is a loop of its own for each pair of types, without a call for each element.
func convert[X, Y numeric](y []Y, x []X) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] = Y(v)
	}
}

func castBool(c *Call) (Task, error) {
	return castTo(map[tensor.DType]Bind{
		tensor.Float32: converted(vec.Widen), tensor.Float64: converted(ofBools[float64]),
		tensor.Int8: converted(ofBools[int8]), tensor.Int16: converted(ofBools[int16]), tensor.Int32: converted(ofBools[int32]), tensor.Int64: converted(ofBools[int64]),
		tensor.Uint8: converted(ofBools[uint8]), tensor.Uint16: converted(ofBools[uint16]), tensor.Uint32: converted(ofBools[uint32]), tensor.Uint64: converted(ofBools[uint64]),
	})(c)
}

// ofBools is 1 for true and 0 for false: a bool is a byte that holds just that.
func ofBools[Y numeric](y []Y, x []bool) { convert(y, bytes(x)) }

func notZero[X numeric](y []bool, x []X) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] = v != 0
	}
}

// castHalf converts 16-bit floats, which the engine only stores, to numbers.
func castHalf(widen func(uint16) float32) Bind {
	return castTo(map[tensor.DType]Bind{
		tensor.Float32: mapped(widen),
		tensor.Float64: mapped(func(x uint16) float64 { return float64(widen(x)) }),
		tensor.Int64:   mapped(func(x uint16) int64 { return int64(widen(x)) }),
		tensor.Bool:    mapped(func(x uint16) bool { return widen(x) != 0 }),
	})
}
