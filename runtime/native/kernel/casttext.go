package kernel

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// CastText casts a tensor to strings, or one of strings to another type. Reals are written with as few digits as tell them
// from their neighbours; infinities and NaN are read and written as INF, -INF and NaN.
func CastText(x *tensor.Tensor, to tensor.DType) (*tensor.Tensor, error) {
	y := tensor.New(to, x.Shape()...)
	switch {
	case x.DType() == to:
		copy(y.Strings(), x.Strings())
		return y, nil
	case to == tensor.String:
		return y, writeText(y.Strings(), x)
	case to == tensor.Float32:
		return y, readText(x, tensor.Data[float32](y), func(s string) (float32, error) { v, err := real(s, 32); return float32(v), err })
	case to == tensor.Float64:
		return y, readText(x, tensor.Data[float64](y), func(s string) (float64, error) { return real(s, 64) })
	case to == tensor.Float16:
		return y, readText(x, tensor.Data[uint16](y), func(s string) (uint16, error) { v, err := real(s, 32); return tensor.ToFloat16(float32(v)), err })
	case to == tensor.BFloat16:
		return y, readText(x, tensor.Data[uint16](y), func(s string) (uint16, error) { v, err := real(s, 32); return tensor.ToBFloat16(float32(v)), err })
	case to == tensor.Int64:
		return y, readText(x, tensor.Data[int64](y), func(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) })
	case to == tensor.Int32:
		return y, readText(x, tensor.Data[int32](y), func(s string) (int32, error) { v, err := strconv.ParseInt(s, 10, 32); return int32(v), err })
	}
	return nil, fmt.Errorf("a cast of strings to %v: %w", to, graph.ErrUnsupported)
}

func real(s string, bits int) (float64, error) {
	v, err := strconv.ParseFloat(s, bits)
	if ne, ok := err.(*strconv.NumError); ok && ne.Err == strconv.ErrRange {
		return v, nil // infinity
	}
	return v, err
}

func readText[T any](x *tensor.Tensor, y []T, parse func(string) (T, error)) error {
	for i, s := range x.Strings() {
		v, err := parse(strings.TrimSpace(s))
		if err != nil {
			return fmt.Errorf("%q is no number", s)
		}
		y[i] = v
	}
	return nil
}

func writeText(y []string, x *tensor.Tensor) error {
	switch x.DType() {
	case tensor.Int64:
		for i, v := range tensor.Data[int64](x) {
			y[i] = strconv.FormatInt(v, 10)
		}
		return nil
	case tensor.Uint64:
		for i, v := range tensor.Data[uint64](x) {
			y[i] = strconv.FormatUint(v, 10)
		}
		return nil
	case tensor.Bool:
		for i, v := range x.Bytes() {
			y[i] = "False"
			if v != 0 {
				y[i] = "True"
			}
		}
		return nil
	}
	bits := 32
	if x.DType() == tensor.Float64 {
		bits = 64
	}
	for i, v := range x.Floats() {
		switch {
		case math.IsInf(v, 1):
			y[i] = "INF"
		case math.IsInf(v, -1):
			y[i] = "-INF"
		default:
			y[i] = strconv.FormatFloat(v, 'g', -1, bits)
		}
	}
	return nil
}
