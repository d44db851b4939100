package tensor

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// ErrShape is wrapped by every error about a shape that does not fit.
var ErrShape = errors.New("shape does not fit")

// Shape is the extent of each axis, outermost first. An empty shape is a scalar.
type Shape []int

// Size is the number of elements: the product of the extents.
func (s Shape) Size() int {
	n := 1
	for _, d := range s {
		n *= d
	}
	return n
}

// CheckedSize is Size with the checks that a shape read from a file needs: no negative extent, no overflow.
func (s Shape) CheckedSize() (int, error) {
	n := 1
	for _, d := range s {
		if d < 0 {
			return 0, fmt.Errorf("tensor: shape %v has a negative dimension: %w", s, ErrShape)
		}
		if d > 0 && n > math.MaxInt/d {
			return 0, fmt.Errorf("tensor: shape %v has too many elements: %w", s, ErrShape)
		}
		n *= d
	}
	return n, nil
}

// Equal reports whether both shapes have the same rank and extents.
func (s Shape) Equal(t Shape) bool { return slices.Equal(s, t) }

// Strides are the row-major strides in elements.
func (s Shape) Strides() []int {
	strides := make([]int, len(s))
	n := 1
	for i := len(s) - 1; i >= 0; i-- {
		strides[i] = n
		n *= s[i]
	}
	return strides
}

// String writes the shape as [2,3].
func (s Shape) String() string {
	var b strings.Builder
	b.WriteByte('[')
	for i, d := range s {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprint(&b, d)
	}
	b.WriteByte(']')
	return b.String()
}
