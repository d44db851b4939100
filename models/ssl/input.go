package ssl

import (
	"fmt"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train/data"
)

// rows views x as the rows that the model takes, and checks that every number is finite.
func (m *M2) rows(x *tensor.Tensor) (*tensor.Tensor, error) {
	return checkRows("x", x, m.xRow)
}

// checkRows views t as [n, row...], and checks that every number is finite.
func checkRows(what string, t *tensor.Tensor, row tensor.Shape) (*tensor.Tensor, error) {
	if t == nil || t.DType() != tensor.Float32 || len(t.Shape()) < 2 || t.Shape()[1:].Size() != row.Size() {
		return nil, fmt.Errorf("%s is %v, the model takes rows of %d float32: %w", what, t, row.Size(), models.ErrInput)
	}
	for i, v := range tensor.Data[float32](t) {
		if v-v != 0 {
			return nil, fmt.Errorf("row %d of %s holds %v at element %d: %w", i/row.Size(), what, v, i%row.Size(), models.ErrInput)
		}
	}
	return t.Reshape(append([]int{t.Shape()[0]}, row...)...)
}

// oneHot are classes as rows of a one among zeros.
func (m *M2) oneHot(y []int, n int) (*tensor.Tensor, error) {
	if len(y) != n {
		return nil, fmt.Errorf("%d classes for %d rows: %w", len(y), n, models.ErrInput)
	}
	t := tensor.New(tensor.Float32, n, m.classes)
	for i, c := range y {
		if c < 0 || c >= m.classes {
			return nil, fmt.Errorf("the class of row %d is %d, the model has 0 to %d: %w", i, c, m.classes-1, models.ErrInput)
		}
		tensor.Data[float32](t)[i*m.classes+c] = 1
	}
	return t, nil
}

func rowSize(src data.Source) int { return tensor.Shape(src.Shape()).Size() }
