package main

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/train"
)

// writeData writes 8x8 images with a bright square in one of four corners, and the corner as label, as MNIST's files are.
func writeData(t *testing.T, folder string, rows int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 1))
	pixels, labels := make([]byte, 64*rows), make([]byte, rows)
	for i := range rows {
		for k := range 64 {
			pixels[64*i+k] = byte(rng.IntN(100))
		}
		labels[i] = byte(rng.IntN(4))
		for y := range 3 {
			for x := range 3 {
				pixels[64*i+8*(y+1+4*int(labels[i]/2))+x+1+4*int(labels[i]%2)] += 120
			}
		}
	}
	for name, file := range map[string][]byte{
		"train-images-idx3-ubyte": append(header(3, rows, 8, 8), pixels...),
		"train-labels-idx1-ubyte": append(header(1, rows), labels...),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func header(axes byte, extents ...int) []byte {
	b := []byte{0, 0, 8, axes}
	for _, n := range extents {
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	return b
}

// PyTorch's model learns the corners with a part of its weights, and the file is small.
func TestRunPrunes(t *testing.T) {
	dir := t.TempDir()
	writeData(t, dir, 2000)
	model, out := filepath.Join("testdata", "classifier.onnx"), filepath.Join(dir, "small.onnx")
	var report strings.Builder
	if err := run(t.Context(), &report, model, dir, out, 20); err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`error (\d+\.\d+) %, (\d+\.\d+) times fewer`).FindStringSubmatch(report.String())
	if found == nil {
		t.Fatalf("report: %q", report.String())
	}
	wrong, _ := strconv.ParseFloat(found[1], 64)
	fewer, _ := strconv.ParseFloat(found[2], 64)
	if wrong > 2 || fewer < 3 {
		t.Errorf("error %v %%, %v times fewer weights", wrong, fewer)
	}
	if large, small := size(t, model), size(t, out); small*2 > large {
		t.Errorf("%d bytes, %d before", small, large)
	}
	g, err := importer.Load(out, importer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := train.NewClassifier(g); err != nil {
		t.Error(err)
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
