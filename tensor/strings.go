package tensor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// WrapStrings makes a tensor of strings over text without copying it. It fails when the length does not match.
func WrapStrings(text []string, shape ...int) (*Tensor, error) {
	s := Shape(slices.Clone(shape))
	n, err := s.CheckedSize()
	if err != nil {
		return nil, err
	}
	if n != len(text) {
		return nil, fmt.Errorf("tensor: %d elements for shape %v, which holds %d: %w", len(text), s, n, ErrShape)
	}
	return &Tensor{dtype: String, shape: s, text: text}, nil
}

// Strings are the elements of a tensor of strings, shared with the tensor; nil for other types.
func (t *Tensor) Strings() []string { return t.text }

// Key is a text that two tensors share only when their types, shapes and elements are the same.
func (t *Tensor) Key() string {
	if t.dtype != String {
		return t.String() + string(t.data)
	}
	var b strings.Builder
	b.WriteString(t.String())
	for _, s := range t.text {
		b.WriteString(strconv.Quote(s))
	}
	return b.String()
}
