package main

import (
	"path/filepath"
	"testing"

	"github.com/elbo-ml/elbo/tensor/picture"
)

func TestRunDrawsDigits(t *testing.T) {
	out := filepath.Join(t.TempDir(), "digits.png")
	if err := run(t.Context(), "builtin:mnist", 4, 7, out); err != nil {
		t.Fatal(err)
	}
	grid, err := picture.Read(out)
	if err != nil {
		t.Fatal(err)
	}
	dark, light := 0, 0
	for _, v := range grid.Floats() {
		if v < 0.1 {
			dark++
		}
		if v > 0.9 {
			light++
		}
	}
	if n := grid.Len(); dark < n/2 || light < n/50 {
		t.Errorf("%d of %d pixels are dark and %d light: no strokes on a dark ground", dark, n, light)
	}
}
