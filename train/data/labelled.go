package data

import (
	"context"
	"fmt"

	"github.com/elbo-ml/elbo/tensor"
)

// WithLabels gives the rows of src with their labels behind them: row [size+classes], x and then the label as a one
// among zeros, so that a minibatch of both is one tensor. Zeros and ones stay what they are however x is binarised. Every
// row must have a label. src stays the caller's to close.
func WithLabels(src Source, labels []int, classes int) (Source, error) {
	if err := CheckLabels(src, labels, classes); err != nil {
		return nil, err
	}
	for row, y := range labels {
		if y == Unlabelled {
			return nil, fmt.Errorf("data: row %d of %s has no label: %w", row, src.Name(), ErrLabels)
		}
	}
	size := tensor.Shape(src.Shape()).Size()
	l := labelled{src, labels, size, classes, fmt.Sprintf("%s with labels of %d classes, sum %s", src.Name(), classes, labelSum(labels))}
	if e, ok := src.(EpochSource); ok {
		return epochLabelled{l, e}, nil
	}
	return l, nil
}

type labelled struct {
	Source
	labels        []int
	size, classes int
	name          string
}

func (l labelled) Shape() []int { return []int{l.size + l.classes} }
func (l labelled) Name() string { return l.name }
func (l labelled) Close() error { return nil }

func (l labelled) Read(ctx context.Context, rows []int, dst []float32) error {
	return l.joined(rows, dst, func(x []float32) error { return l.Source.Read(ctx, rows, x) })
}

// joined has x read to the front of dst, and moves its rows back to their places beside the labels, from the last on.
func (l labelled) joined(rows []int, dst []float32, read func(x []float32) error) error {
	if err := checkRead(l, rows, dst); err != nil {
		return err
	}
	if err := read(dst[:len(rows)*l.size]); err != nil {
		return err
	}
	width := l.size + l.classes
	for i := len(rows) - 1; i >= 0; i-- {
		to := dst[i*width : (i+1)*width]
		copy(to, dst[i*l.size:(i+1)*l.size])
		clear(to[l.size:])
		to[l.size+l.labels[rows[i]]] = 1
	}
	return nil
}

// epochLabelled has rows that differ from epoch to epoch.
type epochLabelled struct {
	labelled
	epochs EpochSource
}

func (l epochLabelled) ReadEpoch(ctx context.Context, epoch uint64, rows []int, dst []float32) error {
	return l.joined(rows, dst, func(x []float32) error { return l.epochs.ReadEpoch(ctx, epoch, rows, x) })
}
