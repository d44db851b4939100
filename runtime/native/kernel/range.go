package kernel

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

func init() { register(&Kernel{Op: "Range", Dynamic: numberRange}) }

// maxRange bounds the elements of a Range, whose extent a file's numbers give.
const maxRange = 1 << 28

// numberRange is y[i] = start + i*delta for the max(0, ceil((limit-start)/delta)) values before limit.
func numberRange(_ *graph.Node, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	start, limit, delta := in[0].Floats()[0], in[1].Floats()[0], in[2].Floats()[0]
	n := math.Ceil((limit - start) / delta)
	if delta == 0 || !(n <= maxRange) {
		return nil, fmt.Errorf("from %v to %v by %v: more than %d elements", start, limit, delta, maxRange)
	}
	y := tensor.New(in[0].DType(), int(max(n, 0)))
	switch in[0].DType() {
	case tensor.Float32:
		arithmeticSeries[float32](y, in)
	case tensor.Float64:
		arithmeticSeries[float64](y, in)
	case tensor.Int16:
		arithmeticSeries[int16](y, in)
	case tensor.Int32:
		arithmeticSeries[int32](y, in)
	case tensor.Int64:
		arithmeticSeries[int64](y, in)
	case tensor.Float16:
		halfSeries(y, start, delta, tensor.ToFloat16)
	case tensor.BFloat16:
		halfSeries(y, start, delta, tensor.ToBFloat16)
	default:
		return nil, fmt.Errorf("%v: %w", in[0].DType(), graph.ErrUnsupported)
	}
	return []*tensor.Tensor{y}, nil
}

// halfSeries computes in float32 what is stored in 16 bits.
func halfSeries(y *tensor.Tensor, start, delta float64, to func(float32) uint16) {
	for i, out := 0, tensor.Data[uint16](y); i < len(out); i++ {
		out[i] = to(float32(start) + float32(i)*float32(delta))
	}
}

func arithmeticSeries[T Number | int16](y *tensor.Tensor, in []*tensor.Tensor) {
	start, delta := tensor.Data[T](in[0])[0], tensor.Data[T](in[2])[0]
	for i, out := 0, tensor.Data[T](y); i < len(out); i++ {
		out[i] = start + T(i)*delta
	}
}
