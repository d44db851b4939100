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
		tensor.Float32: mapped(convert[X, float32]), tensor.Float64: mapped(convert[X, float64]),
		tensor.Int8: mapped(convert[X, int8]), tensor.Int16: mapped(convert[X, int16]), tensor.Int32: mapped(convert[X, int32]), tensor.Int64: mapped(convert[X, int64]),
		tensor.Uint8: mapped(convert[X, uint8]), tensor.Uint16: mapped(convert[X, uint16]), tensor.Uint32: mapped(convert[X, uint32]), tensor.Uint64: mapped(convert[X, uint64]),
		tensor.Bool:     mapped(func(x X) bool { return x != 0 }),
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

func convert[X, Y numeric](x X) Y { return Y(x) }

func castBool(c *Call) (Task, error) {
	return castTo(map[tensor.DType]Bind{
		tensor.Float32: mapped(ofBool[float32]), tensor.Float64: mapped(ofBool[float64]),
		tensor.Int8: mapped(ofBool[int8]), tensor.Int16: mapped(ofBool[int16]), tensor.Int32: mapped(ofBool[int32]), tensor.Int64: mapped(ofBool[int64]),
		tensor.Uint8: mapped(ofBool[uint8]), tensor.Uint16: mapped(ofBool[uint16]), tensor.Uint32: mapped(ofBool[uint32]), tensor.Uint64: mapped(ofBool[uint64]),
	})(c)
}

func ofBool[Y numeric](x bool) Y {
	if x {
		return 1
	}
	return 0
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
