package data

import (
	"slices"
	"testing"
)

// A slice's rows are the source's, also where they differ from epoch to epoch, and it has no others.
func TestSlice(t *testing.T) {
	whole, err := Open("glyphs:50", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	coins, err := NewBinarized(whole, Dynamic, 3)
	if err != nil {
		t.Fatal(err)
	}
	part := Slice(coins, 40, 90)
	if part.Len() != 10 || part.Name() == whole.Name() {
		t.Fatalf("rows 40 to 90 of 50 are %d, called %q", part.Len(), part.Name())
	}
	got, want := make([]float32, 2*784), make([]float32, 2*784)
	for epoch := range uint64(3) {
		if err := part.(EpochSource).ReadEpoch(t.Context(), epoch, []int{9, 0}, got); err != nil {
			t.Fatal(err)
		}
		if err := coins.(EpochSource).ReadEpoch(t.Context(), epoch, []int{49, 40}, want); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("epoch %d: rows 9 and 0 of the slice are not rows 49 and 40", epoch)
		}
	}
	if err := part.Read(t.Context(), []int{9, 0}, got); err != nil {
		t.Fatal(err)
	}
	if err := part.Read(t.Context(), []int{10}, got[:784]); err == nil {
		t.Error("the slice gave a row that it has not")
	}
	if err := Slice(whole, 60, 90).Read(t.Context(), []int{0}, got[:784]); err == nil {
		t.Error("an empty slice gave a row")
	}
}
