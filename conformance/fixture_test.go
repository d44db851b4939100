package conformance

import (
	"archive/zip"
	"context"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/runtime/ort"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/tensor/npy"
)

// writeFixture makes a fixture by hand: y = x * w + noise with x = [1, 2], w = [3, 4], noise = [0.5, 0.5] and the cotangent
// [1, 10], so y = [3.5, 8.5], dw = [1, 20], dx = [3, 40].
func writeFixture(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	dir := filepath.Join(root, "affine_op17_trainable")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	g := graph.New("affine")
	x := g.Input("x", "n")
	y := g.Mul(x, g.Weight("w", tensor.Vector[float32](3, 4)))
	noise := g.Node("RandomNormalLike", nil, x)
	if err := g.Rename(noise, "noise"); err != nil {
		t.Fatal(err)
	}
	g.Output("y", g.Add(y, noise))
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	if err := importer.Save(g, filepath.Join(dir, "model.onnx"), importer.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string][]float32{
		"input_0_x.npy": {1, 2}, "noise_0.npy": {0.5, 0.5}, "output_0_y.npy": {3.5, 8.5}, "cot_0_y.npy": {1, 10},
	} {
		if err := npy.Write(filepath.Join(dir, name), tensor.Vector(v...)); err != nil {
			t.Fatal(err)
		}
	}
	writeArchive(t, filepath.Join(dir, "grads.npz"), "layer.weight", tensor.Vector[float32](1, 20))
	writeArchive(t, filepath.Join(dir, "input_grads.npz"), "x", tensor.Vector[float32](3, 40))
	meta, err := json.Marshal(Meta{Variant: "trainable", Inputs: []string{"x"}, Outputs: []string{"y"}, NoiseNodes: []string{"noise"},
		RandomNodes: [][]string{{"RandomNormalLike", "noise"}}, Params: map[string]Param{"layer.weight": {Initializer: "w", Status: "exact"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "meta.json"), meta, 0o644); err != nil {
		t.Fatal(err)
	}
	return root
}

func check(t *testing.T, root string) (Summary, string) {
	t.Helper()
	var out strings.Builder
	s, err := CheckAll(context.Background(), root, native.New(), true, DefaultTolerances, &out)
	if err != nil {
		t.Fatal(err)
	}
	return s, out.String()
}

func TestCheckAllPasses(t *testing.T) {
	if s, out := check(t, writeFixture(t)); s != (Summary{Passed: 1}) || out != "1 passed, 0 failed\n" {
		t.Errorf("%+v\n%s", s, out)
	}
}

// A wrong number in any file of a fixture is found and named.
func TestCheckAllFails(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{"output_0_y.npy", "FAIL affine_op17_trainable: y: largest difference 0.1"},
		{"noise_0.npy", "FAIL affine_op17_trainable: y: largest difference 0."},
		{"cot_0_y.npy", "FAIL affine_op17_trainable: gradient of "},
	} {
		root := writeFixture(t)
		if err := npy.Write(filepath.Join(root, "affine_op17_trainable", c.file), tensor.Vector[float32](3.5, 7.5)); err != nil {
			t.Fatal(err)
		}
		if s, out := check(t, root); s != (Summary{Failed: 1}) || !strings.Contains(out, c.want) {
			t.Errorf("with %s changed: %+v\n%s", c.file, s, out)
		}
	}
}

func TestCheckAllFailsOnWrongGradient(t *testing.T) {
	root := writeFixture(t)
	writeArchive(t, filepath.Join(root, "affine_op17_trainable", "grads.npz"), "layer.weight", tensor.Vector[float32](1, 20.1))
	if s, out := check(t, root); s.Failed != 1 || !strings.Contains(out, "gradient of w: largest difference 0.005") {
		t.Errorf("%+v\n%s", s, out)
	}
}

func TestCompare(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		got, want             []float32
		perElement, perTensor float64
	}{
		{[]float32{1, 100}, []float32{1, 100}, 0, 0},
		{[]float32{1.5, 100}, []float32{1, 100}, 0.25, 0.005},
		{[]float32{0, 3}, []float32{0, 1}, 1, 2},
		{[]float32{nan, inf}, []float32{nan, inf}, 0, 0},
		{[]float32{nan}, []float32{1}, math.Inf(1), math.Inf(1)},
		{[]float32{1}, []float32{nan}, math.Inf(1), math.Inf(1)},
		{[]float32{-inf}, []float32{inf}, math.Inf(1), math.Inf(1)},
		{[]float32{1}, []float32{1, 1}, math.Inf(1), math.Inf(1)},
	} {
		got, want := tensor.Vector(c.got...), tensor.Vector(c.want...)
		if d := Compare("t", got, want, PerElement); d.Largest != c.perElement {
			t.Errorf("per element, %v against %v: %v, want %v", c.got, c.want, d.Largest, c.perElement)
		}
		if d := Compare("t", got, want, PerTensor); d.Largest != c.perTensor {
			t.Errorf("per tensor, %v against %v: %v, want %v", c.got, c.want, d.Largest, c.perTensor)
		}
	}
}

// fixturesDir is the folder of PyTorch exports: the one that ELBO_FIXTURES names, else the full set beside the
// repository, else the few of testdata.
func fixturesDir() string {
	if dir := os.Getenv("ELBO_FIXTURES"); dir != "" {
		return dir
	}
	if dir := "../../shared/fixtures"; exists(dir) {
		return dir
	}
	return "testdata/fixtures"
}

// Every PyTorch export that is made of the operators elbo has gives PyTorch's outputs and PyTorch's gradients, on either
// engine.
func TestPyTorchExports(t *testing.T) {
	fixtures, err := Fixtures(fixturesDir())
	if err != nil {
		t.Fatal(err)
	}
	engines := []runtime.Engine{native.New()}
	if e, err := ort.Open(ort.Config{}); err == nil {
		engines = append(engines, e)
	}
	for _, e := range engines {
		var s Summary
		for _, f := range fixtures {
			r := f.Check(context.Background(), e, true, DefaultTolerances)
			s.count(r.Verdict)
			switch {
			case r.Verdict == Failed, r.Verdict == Skipped && len(f.Untold()) == 0:
				t.Errorf("%s on %s: %v", f.Name, e.Name(), r.Reasons)
			}
		}
		t.Logf("%s: %v", e.Name(), s)
	}
}

func writeArchive(t *testing.T, path, name string, v *tensor.Tensor) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := archive(f, name, v); err != nil {
		t.Fatal(err)
	}
}

func archive(w io.Writer, name string, v *tensor.Tensor) error {
	z := zip.NewWriter(w)
	m, err := z.Create(name + ".npy")
	if err != nil {
		return err
	}
	if err := npy.Encode(m, v); err != nil {
		return err
	}
	return z.Close()
}
