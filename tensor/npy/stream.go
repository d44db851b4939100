package npy

import (
	"fmt"
	"io"

	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/tensor/atomicfile"
)

// WriteRows is Write for an array that is never in memory whole: fill hands it to add in runs of rows, [n, row...] each,
// in order. The runs must make up shape.
func WriteRows(path string, dtype tensor.DType, shape tensor.Shape, fill func(add func(*tensor.Tensor) error) error) error {
	err := atomicfile.Write(path, func(w io.Writer) error {
		if len(shape) == 0 {
			return fmt.Errorf("a scalar has no rows: %w", tensor.ErrShape)
		}
		head, err := formatHeader(dtype, shape)
		if err != nil {
			return err
		}
		if _, err := w.Write(head); err != nil {
			return err
		}
		left := shape.Size()
		err = fill(func(t *tensor.Tensor) error {
			if t.DType() != dtype || len(t.Shape()) != len(shape) || !t.Shape()[1:].Equal(shape[1:]) || t.Len() > left {
				return fmt.Errorf("%v does not go on an array of %v%v: %w", t, dtype, shape, tensor.ErrShape)
			}
			left -= t.Len()
			_, err := w.Write(t.Bytes())
			return err
		})
		if err == nil && left != 0 {
			err = fmt.Errorf("%d elements of an array of %v%v are missing: %w", left, dtype, shape, tensor.ErrShape)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("npy: write %s: %w", path, err)
	}
	return nil
}
