package conformance

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/tensor"
)

// Difference is how far a tensor is from what it should be.
type Difference struct {
	What string // the tensor's name
	// Largest is the greatest |got - want| / (1 + |want|) over the elements: relative for big numbers, absolute for
	// small ones. NaN and infinity are equal to themselves, and infinitely far from all else.
	Largest float64
	Problem string // a type or a shape that is not the one expected; "" otherwise
}

// Compare measures got against want.
func Compare(what string, got, want *tensor.Tensor) Difference {
	d := Difference{What: what}
	if got.DType() != want.DType() || !got.Shape().Equal(want.Shape()) {
		d.Problem = fmt.Sprintf("%v where %v is expected", got, want)
		d.Largest = math.Inf(1)
		return d
	}
	b := want.Floats()
	for i, x := range got.Floats() {
		d.Largest = math.Max(d.Largest, distance(x, b[i]))
	}
	return d
}

func distance(got, want float64) float64 {
	switch {
	case got == want || math.IsNaN(got) && math.IsNaN(want):
		return 0
	case math.IsNaN(got), math.IsNaN(want), math.IsInf(got, 0), math.IsInf(want, 0):
		return math.Inf(1)
	}
	return math.Abs(got-want) / (1 + math.Abs(want))
}

func (d Difference) String() string {
	if d.Problem != "" {
		return d.What + ": " + d.Problem
	}
	return fmt.Sprintf("%s: largest difference %.2g", d.What, d.Largest)
}

// Tolerances are the largest differences that are taken for equal.
type Tolerances struct {
	Output, Gradient float64 // in float32
	Float64          float64 // of everything in float64
}

// DefaultTolerances are what elbo promises against PyTorch exports.
var DefaultTolerances = Tolerances{Output: 2e-5, Gradient: 1e-4, Float64: 1e-9}

// of is the tolerance for a tensor: integers and booleans must be the same.
func (t Tolerances) of(dtype tensor.DType, float32 float64) float64 {
	switch {
	case dtype == tensor.Float64:
		return t.Float64
	case dtype.IsFloat():
		return float32
	}
	return 0
}
