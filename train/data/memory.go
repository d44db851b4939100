package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/elbo-ml/elbo/tensor"
)

// FromTensor gives the rows of a float32 tensor [n, row...] that is in memory anyway: the features that a model made of
// other data. They need not lie in [0,1]. x must not change afterwards.
func FromTensor(name string, x *tensor.Tensor) (Source, error) {
	switch {
	case x.DType() != tensor.Float32 || len(x.Shape()) < 2:
		return nil, fmt.Errorf("data: %s is %v %v, want rows of float32: %w", name, x.DType(), x.Shape(), ErrFormat)
	case x.Len() == 0:
		return nil, fmt.Errorf("data: %s is %v: %w", name, x.Shape(), ErrEmpty)
	}
	size := x.Shape()[1:].Size()
	for i, v := range tensor.Data[float32](x) {
		if v-v != 0 {
			return nil, fmt.Errorf("data: row %d of %s holds %v at element %d: %w", i/size, name, v, i%size, ErrRange)
		}
	}
	return &memory{x, size, fmt.Sprintf("%s, sum %s", title(name, x.Shape()[0], x.Shape()[1:]), contentSum(x.Bytes()))}, nil
}

type memory struct {
	x    *tensor.Tensor
	size int
	name string
}

func (m *memory) Len() int     { return m.x.Shape()[0] }
func (m *memory) Shape() []int { return m.x.Shape()[1:] }
func (m *memory) Name() string { return m.name }
func (m *memory) Close() error { return nil }

func (m *memory) Read(ctx context.Context, rows []int, dst []float32) error {
	if err := checkRead(m, rows, dst); err != nil {
		return err
	}
	all := tensor.Data[float32](m.x)
	for i, r := range rows {
		copy(dst[i*m.size:(i+1)*m.size], all[r*m.size:])
	}
	return ctx.Err()
}

// contentSum is a short checksum, which tells apart what names alone would not.
func contentSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:6])
}
