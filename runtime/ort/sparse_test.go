//go:build cgo

package ort

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// ONNX Runtime reads the files whose weights elbo stores as sparse initializers, as they are.
func TestSparseInitializersRun(t *testing.T) {
	open(t)
	w := tensor.New(tensor.Float32, 40, 30)
	for i := range 25 {
		tensor.Data[float32](w)[i*47] = float32(i) - 7
	}
	g := graph.New("sparse")
	y := g.MatMul(g.Input("x", "batch", 40), g.Weight("w", w))
	g.Output("y", g.Add(y, g.Weight("nothing", tensor.New(tensor.Float32, 40, 30)))) // no value at all
	path := filepath.Join(t.TempDir(), "sparse.onnx")
	if err := importer.Save(g, path, importer.SaveOptions{Sparse: true}); err != nil {
		t.Fatal(err)
	}
	model, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(model) > 4*w.Len()/2 {
		t.Fatalf("%d bytes: the weights are not sparse", len(model))
	}
	p := &program{name: "sparse", inputs: ports(g.Inputs), outputs: ports(g.Outputs), bindable: true, shapes: newShapes(g)}
	if err := p.open(model, names(g.Inputs), names(g.Outputs), runtime.Options{Provider: "cpu"}); err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	x := tensor.New(tensor.Float32, 40, 40) // the identity: y is w
	for i := range 40 {
		tensor.Data[float32](x)[i*41] = 1
	}
	out := make([]*tensor.Tensor, 1)
	if err := p.Run(t.Context(), []*tensor.Tensor{x}, out); err != nil {
		t.Fatal(err)
	}
	for i, want := range w.Floats() {
		if got := out[0].Floats()[i]; got != want {
			t.Fatalf("weight %d is %v, want %v", i, got, want)
		}
	}
}
