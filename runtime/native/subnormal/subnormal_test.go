package subnormal

import (
	"math"
	"testing"
)

// half and double are no constants, so that the compiler multiplies by them at run time.
var half, double = float32(0.5), 0.5

// Subnormal numbers are 0 between Flush and Restore, nested ones too, where the processor can be told so, and never after.
func TestSubnormalNumbersAreZeroInBetween(t *testing.T) {
	want := func(when string, zero bool) {
		t.Helper()
		a, b := math.SmallestNonzeroFloat32*4*half, math.SmallestNonzeroFloat64*4*double
		if (a == 0) != zero || (b == 0) != zero {
			t.Errorf("%s: the products are %g and %g", when, a, b)
		}
	}
	want("before", false)
	outer := Flush()
	want("after Flush", Flushes)
	inner := Flush()
	want("nested", Flushes)
	Restore(inner)
	want("after the inner Restore", Flushes)
	Restore(outer)
	want("after Restore", false)
}
