// Package data reads training and test images as rows, streamed: no source is ever held in memory whole.
package data

import (
	"context"
	"errors"
)

// Sentinel errors for what callers branch on.
var (
	// ErrFormat: the file is not what its name or its first bytes say, or it is cut short.
	ErrFormat = errors.New("not readable as data")
	// ErrRange: a number is NaN or outside of [0,1].
	ErrRange = errors.New("outside of [0,1]")
	// ErrEmpty: there are no rows.
	ErrEmpty = errors.New("no data")
)

// Source gives rows by index. It is safe for concurrent use.
type Source interface {
	// Len is the number of rows.
	Len() int
	// Shape is the shape of one row: [28,28] for MNIST, [3,64,64] for a folder of colour images.
	Shape() []int
	// Read writes the rows with the given indices to dst one after the other, as numbers in [0,1] (those of FromTensor
	// are as they are).
	// It fails when a row cannot be read, holds NaN or lies outside of [0,1]; the error names file, row and value.
	Read(ctx context.Context, rows []int, dst []float32) error
	// Name describes the source for people and recipes: "mnist train (60000 x 28x28)".
	Name() string
	Close() error
}
