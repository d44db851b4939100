package models

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/tensor"
)

// rows checks that x holds rows of the given shape, in any arrangement of axes behind the batch axis, and views it as
// [n, row...].
func rows(what string, x *tensor.Tensor, row []int) (*tensor.Tensor, error) {
	size := rowSize(row)
	switch {
	case x == nil:
		return nil, fmt.Errorf("models: %s is missing: %w", what, ErrInput)
	case x.DType() != tensor.Float32:
		return nil, fmt.Errorf("models: %s is %v, the model takes float32: %w", what, x.DType(), ErrInput)
	case len(x.Shape()) < 2:
		return nil, fmt.Errorf("models: %s has shape %v, the model takes [n, ...] with %d numbers a row (%v): %w", what, x.Shape(), size, tensor.Shape(row), ErrInput)
	}
	n := x.Shape()[0]
	if got := x.Shape()[1:].Size(); got != size {
		return nil, fmt.Errorf("models: rows of %s hold %d numbers (%v), the model takes %d (%v): %w", what, got, x.Shape()[1:], size, tensor.Shape(row), ErrInput)
	}
	return x.Reshape(append([]int{n}, row...)...)
}

// images is rows for data: every number must lie in [0,1].
func (v *VAE) images(x *tensor.Tensor) (*tensor.Tensor, error) {
	x, err := rows("x", x, v.xRow)
	if err != nil {
		return nil, err
	}
	size := rowSize(v.xRow)
	for i, p := range tensor.Data[float32](x) {
		if !(p >= 0 && p <= 1) {
			return nil, fmt.Errorf("models: row %d of x holds %v at element %d, outside of [0,1]: %w", i/size, p, i%size, ErrInput)
		}
	}
	return x, nil
}

// checkLatents is rows for z: every number must be finite.
func (v *VAE) checkLatents(z *tensor.Tensor) (*tensor.Tensor, error) {
	z, err := rows("z", z, []int{v.manifest.Latent})
	if err != nil {
		return nil, err
	}
	for i, p := range tensor.Data[float32](z) {
		if math.IsNaN(float64(p)) || math.IsInf(float64(p), 0) {
			return nil, fmt.Errorf("models: row %d of z holds %v at element %d: %w", i/v.manifest.Latent, p, i%v.manifest.Latent, ErrInput)
		}
	}
	return z, nil
}
