package main

import (
	"context"
	"io"
	"path/filepath"
	"slices"
	"testing"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/tensor/npy"
	"github.com/elbo-ml/elbo/train/data"
)

func TestRunAdaptsTheEncoderAlone(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	mine, out := filepath.Join(dir, "mine.npy"), filepath.Join(dir, "mine.elbo")
	glyphs, err := data.Glyphs(data.GlyphOptions{N: 300, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	images := read(t, ctx, glyphs)
	if err := npy.Write(mine, images); err != nil {
		t.Fatal(err)
	}
	if err := run(ctx, io.Discard, "builtin:mnist", mine, out, 5); err != nil {
		t.Fatal(err)
	}
	before, after := open(t, "builtin:mnist"), open(t, out)
	if b, a := bound(t, before, images), bound(t, after, images); a <= b+1 {
		t.Errorf("ELBO %.2f before and %.2f after", b, a)
	}
	z := tensor.New(tensor.Float32, 3, before.Manifest().Latent)
	x, err := before.Decode(ctx, z)
	if err != nil {
		t.Fatal(err)
	}
	y, err := after.Decode(ctx, z)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(x.Bytes(), y.Bytes()) {
		t.Error("the frozen decoder decodes differently")
	}
}

func read(t *testing.T, ctx context.Context, src data.Source) *tensor.Tensor {
	x := tensor.New(tensor.Float32, append([]int{src.Len()}, src.Shape()...)...)
	index := make([]int, src.Len())
	for i := range index {
		index[i] = i
	}
	if err := src.Read(ctx, index, tensor.Data[float32](x)); err != nil {
		t.Fatal(err)
	}
	return x
}

func open(t *testing.T, path string) *models.VAE {
	v, err := models.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

func bound(t *testing.T, v *models.VAE, x *tensor.Tensor) float64 {
	s, err := v.Score(t.Context(), x, models.ScoreOptions{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, e := range s.ELBO {
		sum += e
	}
	return sum / float64(len(s.ELBO))
}
