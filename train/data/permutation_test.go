package data

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestPermutationIsBijective(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 3000).Draw(rt, "n")
		p := NewPermutation(n, rapid.Uint64().Draw(rt, "seed"), rapid.Uint64Range(0, 10).Draw(rt, "epoch"))
		seen := make([]bool, n)
		for i := range n {
			at := p.At(i)
			if at < 0 || at >= n || seen[at] {
				rt.Fatalf("n = %d: place %d goes to %d, which is taken or outside", n, i, at)
			}
			seen[at] = true
		}
	})
}

func TestPermutationOfManyRowsStaysInside(t *testing.T) {
	for _, n := range []int{1e7, 1 << 40, math.MaxInt} {
		p := NewPermutation(n, 1, 2)
		for i := range 1000 {
			if at := p.At(n - 1 - i); at < 0 || at >= n {
				t.Fatalf("n = %d: place %d goes to %d", n, n-1-i, at)
			}
		}
	}
}

func TestPermutationDependsOnSeedAndEpoch(t *testing.T) {
	const n = 1000
	base := NewPermutation(n, 1, 0)
	for name, p := range map[string]Permutation{"seed": NewPermutation(n, 2, 0), "epoch": NewPermutation(n, 1, 1)} {
		same := 0
		for i := range n {
			if p.At(i) == base.At(i) {
				same++
			}
		}
		// One fixed point is expected; more than 10 has a chance of about 1e-8.
		if same > 10 {
			t.Errorf("another %s leaves %d of %d places as they were", name, same, n)
		}
	}
}

// Over many seeds every number must come to the first place equally often: chi-squared over 12 numbers, 11 degrees of
// freedom, whose 1 - 1e-6 quantile is 50.
func TestPermutationIsUniform(t *testing.T) {
	const n, seeds = 12, 24000
	for place := range n {
		var count [n]float64
		for seed := range uint64(seeds) {
			p := NewPermutation(n, seed, 5)
			count[p.At(place)]++
		}
		chi := 0.0
		for _, c := range count {
			chi += (c - seeds/n) * (c - seeds/n) / (seeds / n)
		}
		if chi > 50 {
			t.Errorf("place %d: chi-squared is %.1f, counts %v", place, chi, count)
		}
	}
}

// The order of a run must not change between versions: a resumed run would see other data.
func TestPermutationKnownAnswer(t *testing.T) {
	p := NewPermutation(10, 7, 3)
	var got [10]int
	for i := range got {
		got[i] = p.At(i)
	}
	if want := [10]int{9, 1, 4, 6, 8, 7, 3, 2, 0, 5}; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func BenchmarkPermutation(b *testing.B) {
	p := NewPermutation(60000, 1, 0)
	for i := 0; b.Loop(); i++ {
		p.At(i % 60000)
	}
}
