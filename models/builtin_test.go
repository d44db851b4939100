package models

import (
	"context"
	"slices"
	"testing"

	"github.com/elbo-ml/elbo/train/data"
)

// The embedded model is there, is small, and knows digits: it was trained on MNIST, and scores drawn glyphs far better
// than a fresh network.
func TestBuiltin(t *testing.T) {
	if !slices.Contains(Builtin(), "builtin:mnist") {
		t.Fatalf("built in are %v", Builtin())
	}
	b, err := builtin.ReadFile("builtin/mnist.elbo")
	if err != nil || len(b) > 2<<20 {
		t.Errorf("it takes %d bytes, at most 2 MiB may be embedded: %v", len(b), err)
	}
	v, err := Open("builtin:mnist")
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if m := v.Manifest(); rowSize(m.Shape) != 784 || len(m.Training) == 0 {
		t.Errorf("rows of %v, trained by %v", m.Shape, m.Training)
	}
	src, err := data.Open("glyphs:100", data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	e, err := Evaluate(context.Background(), v, src, EvalOptions{Binarize: data.Dynamic})
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := New(Config{Shape: []int{28, 28}, Hidden: []int{200}})
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	f, err := Evaluate(context.Background(), fresh, src, EvalOptions{Binarize: data.Dynamic})
	if err != nil {
		t.Fatal(err)
	}
	if !(e.ELBO > f.ELBO+100) {
		t.Errorf("the bound on drawn digits is %v, a fresh network's %v", e.ELBO, f.ELBO)
	}
}
