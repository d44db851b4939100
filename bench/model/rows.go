package model

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/elbo-ml/elbo/train/data"
)

// rows are data held in memory.
type rows struct {
	shape []int
	size  int
	all   []float32
}

var _ data.Source = rows{}

// pixels are 1000 rows of random black and white pixels.
func pixels(shape ...int) rows {
	r := rows{shape: shape, size: 1}
	for _, n := range shape {
		r.size *= n
	}
	r.all = make([]float32, 1000*r.size)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range r.all {
		r.all[i] = float32(random.IntN(2))
	}
	return r
}

func (r rows) Len() int     { return len(r.all) / r.size }
func (r rows) Shape() []int { return slices.Clone(r.shape) }
func (r rows) Name() string { return "random pixels" }
func (r rows) Close() error { return nil }

func (r rows) Read(_ context.Context, index []int, dst []float32) error {
	for i, row := range index {
		copy(dst[i*r.size:(i+1)*r.size], r.all[row*r.size:])
	}
	return nil
}
