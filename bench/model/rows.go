package model

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train/data"
)

// rows are data held in memory.
type rows struct {
	shape []int
	size  int
	all   []float32
}

var _ data.Source = rows{}

// pixels are n rows of random black and white pixels.
func pixels(n int, shape ...int) rows {
	r := rows{shape: shape, size: tensor.Shape(shape).Size()}
	r.all = make([]float32, n*r.size)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range r.all {
		r.all[i] = float32(random.IntN(2))
	}
	return r
}

// labelled are n rows of 784 random pixels and, of 10 more numbers, a 1 at the place of the label.
func labelled(n int) rows {
	r := pixels(n, 784+classes)
	random := rand.New(rand.NewPCG(7, 8))
	for row := range n {
		label := r.all[(row+1)*r.size-classes : (row+1)*r.size]
		clear(label)
		label[random.IntN(classes)] = 1
	}
	return r
}

func (r rows) Len() int     { return len(r.all) / r.size }
func (r rows) Shape() []int { return slices.Clone(r.shape) }
func (r rows) Name() string { return "random rows" }
func (r rows) Close() error { return nil }

func (r rows) Read(_ context.Context, index []int, dst []float32) error {
	for i, row := range index {
		copy(dst[i*r.size:(i+1)*r.size], r.all[row*r.size:])
	}
	return nil
}
