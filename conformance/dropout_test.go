package conformance

import (
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// everyLayer is a graph with each operator that variational dropout knows.
func everyLayer() *graph.Graph {
	g := graph.New("every layer")
	rng := rand.New(rand.NewPCG(8, 9))
	weight := func(name string, shape ...int) *graph.Value {
		t := tensor.New(tensor.Float32, shape...)
		for i := range tensor.Data[float32](t) {
			tensor.Data[float32](t)[i] = float32(rng.NormFloat64()) / 3
		}
		return g.Weight(name, t)
	}
	x := g.Input("x", "batch", 2, 6, 6)
	h := g.Relu(g.Node("Conv", graph.Attrs{"strides": []int64{2, 2}, "pads": []int64{1, 1, 1, 1}}, x, weight("conv", 4, 2, 3, 3), weight("conv.bias", 4)))
	h = g.Relu(g.Node("ConvTranspose", nil, h, weight("deconv", 4, 3, 2, 2)))
	h = g.Tanh(g.MatMul(g.Flatten(h, 1), weight("matmul", 48, 10)))
	g.Output("y", g.Linear(h, weight("linear", 5, 10), weight("linear.bias", 5)))
	return g
}

// onnx.checker accepts the sampling model of each kind.
func TestCheckerAcceptsDropout(t *testing.T) {
	python(t)
	var files []string
	for kind := train.BinaryDropout; kind <= train.SparseDropout; kind++ {
		v, err := train.Variational(everyLayer(), train.VariationalOptions{Dropout: kind, Examples: 100})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), kind.String()+".onnx")
		if err := importer.Save(v.SamplingModel(), path, importer.SaveOptions{}); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	accepted(t, files)
}

// Under each kind of dropout the sampling model, written and read again, gives the same on both engines for the same noise.
func TestEnginesAgreeUnderDropout(t *testing.T) {
	ort := openORT(t)
	for kind := train.BinaryDropout; kind <= train.SparseDropout; kind++ {
		v, err := train.Variational(everyLayer(), train.VariationalOptions{Dropout: kind, Rate: 0.2, Examples: 100, LogVariance: -2})
		if err != nil {
			t.Fatal(err)
		}
		b, err := importer.Marshal(v.SamplingModel())
		if err != nil {
			t.Fatal(err)
		}
		g, err := importer.Unmarshal(b, importer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(3, 4))
		in := make([]*tensor.Tensor, len(g.Inputs))
		for i, p := range g.Inputs {
			shape := []int{7}
			for _, d := range p.Shape[1:] {
				n, _ := d.Known()
				shape = append(shape, n)
			}
			in[i] = tensor.New(tensor.Float32, shape...)
			for k := range tensor.Data[float32](in[i]) {
				tensor.Data[float32](in[i])[k] = rng.Float32() * 1.5
			}
		}
		var results [][]float64
		for _, e := range []runtime.Engine{native.New(), ort, native.Plain()} {
			p, err := e.Compile(g, runtime.Options{Threads: 1})
			if err != nil {
				t.Fatalf("%v: %v", kind, err)
			}
			out := make([]*tensor.Tensor, 1)
			err = p.Run(t.Context(), in, out)
			p.Close()
			if err != nil {
				t.Fatalf("%v: %v", kind, err)
			}
			results = append(results, out[0].Floats())
		}
		for i, want := range results[0] {
			for _, other := range results[1:] {
				if d := want - other[i]; !(d < 1e-5 && d > -1e-5) {
					t.Fatalf("%v: element %d is %v on one engine and %v on the other", kind, i, want, other[i])
				}
			}
		}
	}
}
