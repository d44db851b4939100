package conformance

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"github.com/elbo-ml/elbo/tensor"
)

// Difference is how far a tensor is from what it should be.
type Difference struct {
	What string // the tensor's name
	// Largest is the greatest difference of an element in the measure that Compare was given. NaN and infinity are equal
	// to themselves, and infinitely far from all else, as integers are from each other.
	Largest float64
	Problem string // a type or a shape that is not the one expected; "" otherwise
}

// Measure says what a difference is relative to.
type Measure int

const (
	// PerElement is |got - want| / (1 + |want|): relative for big numbers, absolute for small ones.
	PerElement Measure = iota
	// PerTensor is |got - want| / max(1, max |want|). It is for gradients: each element is a sum over the batch whose
	// terms may cancel, so that its rounding error goes with the tensor's scale and not with its own.
	PerTensor
)

// Compare measures got against want.
func Compare(what string, got, want *tensor.Tensor, m Measure) Difference {
	d := Difference{What: what}
	if got.DType() != want.DType() || !got.Shape().Equal(want.Shape()) {
		d.Problem = fmt.Sprintf("%v where %v is expected", got, want)
		d.Largest = math.Inf(1)
		return d
	}
	if !want.DType().IsFloat() {
		if !bytes.Equal(got.Bytes(), want.Bytes()) || !slices.Equal(got.Strings(), want.Strings()) {
			d.Largest = math.Inf(1)
		}
		return d
	}
	b, scale := want.Floats(), 1.0
	for _, w := range b {
		if !math.IsInf(w, 0) && !math.IsNaN(w) {
			scale = max(scale, math.Abs(w))
		}
	}
	for i, x := range got.Floats() {
		if m == PerElement {
			scale = 1 + math.Abs(b[i])
		}
		d.Largest = max(d.Largest, distance(x, b[i], scale))
	}
	return d
}

func distance(got, want, scale float64) float64 {
	switch {
	case got == want || math.IsNaN(got) && math.IsNaN(want):
		return 0
	case math.IsNaN(got), math.IsNaN(want), math.IsInf(got, 0), math.IsInf(want, 0):
		return math.Inf(1)
	}
	return math.Abs(got-want) / scale
}

func (d Difference) String() string {
	if d.Problem != "" {
		return d.What + ": " + d.Problem
	}
	return fmt.Sprintf("%s: largest difference %.2g", d.What, d.Largest)
}

// Tolerances are the largest differences that are taken for equal.
type Tolerances struct {
	Output   float64 // of an output in float32, PerElement
	Gradient float64 // of a gradient in float32, PerTensor
	Float64  float64 // of either in float64
	// Float16 and BFloat16 are those of either in the types of 16 bits, whose last bit weighs 2^-11 and 2^-8 of a number.
	Float16, BFloat16 float64
}

// DefaultTolerances are what elbo promises against PyTorch exports.
var DefaultTolerances = Tolerances{Output: 2e-5, Gradient: 1e-4, Float64: 1e-9, Float16: 1e-3, BFloat16: 8e-3}

// of is the tolerance for a tensor: integers and booleans must be the same.
func (t Tolerances) of(dtype tensor.DType, m Measure) float64 {
	switch {
	case dtype == tensor.Float64:
		return t.Float64
	case dtype == tensor.Float16:
		return t.Float16
	case dtype == tensor.BFloat16:
		return t.BFloat16
	case !dtype.IsFloat() || tensor.Small(dtype) != nil:
		return 0
	case m == PerTensor:
		return t.Gradient
	}
	return t.Output
}
