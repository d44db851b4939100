package importer

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
	"github.com/elbo-ml/elbo/tensor"
)

// Weights of few numbers come back from a sparse file to the bit, and the file is no larger than a dense one.
func TestSparseRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		rows, cols := rapid.IntRange(1, 40).Draw(t, "rows"), rapid.IntRange(1, 40).Draw(t, "cols")
		w := tensor.New(tensor.Float32, rows, cols)
		for range rapid.IntRange(0, rows*cols).Draw(t, "values") {
			tensor.Data[float32](w)[rapid.IntRange(0, rows*cols-1).Draw(t, "at")] = rapid.Float32().Draw(t, "value")
		}
		g := graph.New("sparse")
		g.Output("y", g.MatMul(g.Input("x", "batch", rows), g.Weight("w", w)))
		dense, sparse := filepath.Join(dir, "dense.onnx"), filepath.Join(dir, "sparse.onnx")
		if err := Save(g, dense, SaveOptions{Force: true}); err != nil {
			t.Fatal(err)
		}
		if err := Save(g, sparse, SaveOptions{Force: true, Sparse: true}); err != nil {
			t.Fatal(err)
		}
		back, err := Load(sparse, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(back.Value("w").Data.Bytes(), w.Bytes()) || !back.Value("w").IsWeight() {
			t.Fatal("other weights came back")
		}
		if a, b := fileSize(t, dense), fileSize(t, sparse); b > a {
			t.Fatalf("%d bytes sparse, %d dense", b, a)
		}
	})
}

func fileSize(t interface{ Fatal(...any) }, path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// One value in a hundred takes about seven bytes: four of its own and three of its place.
func TestSparseFileIsSmallInProportion(t *testing.T) {
	const kept = 3000
	w := tensor.New(tensor.Float32, 300, 1000)
	for i := range kept {
		tensor.Data[float32](w)[i*100] = 1
	}
	tensor.Data[float32](w)[50] = float32(math.Copysign(0, -1)) // -0 is a value
	g := graph.New("sparse")
	g.Output("y", g.MatMul(g.Input("x", "batch", 300), g.Weight("w", w)))
	path := filepath.Join(t.TempDir(), "sparse.onnx")
	if err := Save(g, path, SaveOptions{Sparse: true}); err != nil {
		t.Fatal(err)
	}
	if n := fileSize(t, path); n > 7*(kept+1)+300 {
		t.Errorf("%d bytes for %d values", n, kept+1)
	}
}

// Places may also be given as an index for each axis.
func TestSparsePlacesByAxis(t *testing.T) {
	s := &onnxpb.SparseTensor{Dims: []int64{2, 3}, Values: &onnxpb.Tensor{Name: "w", DataType: 1, Dims: []int64{2}, Floats: []float32{5, 7}},
		Indices: &onnxpb.Tensor{DataType: 7, Dims: []int64{2, 2}, Int64s: []int64{0, 2, 1, 0}}}
	room := freeElements
	got, err := (&builder{limits: Limits{}.WithDefaults()}).unfold(s, &room)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{0, 0, 5, 7, 0, 0} {
		if got.Floats()[i] != want {
			t.Fatalf("unfolded to %v", got.Floats())
		}
	}
}
