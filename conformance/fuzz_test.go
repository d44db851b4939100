package conformance

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
)

// What the optimiser makes of a drawn graph, and what simplifying leaves of it, gives what every node by itself gives.
func FuzzOptimised(f *testing.F) { f.Fuzz(rapid.MakeFuzz(optimisedIsPlain)) }

func TestOptimisedIsPlain(t *testing.T) { rapid.Check(t, optimisedIsPlain) }

func optimisedIsPlain(t *rapid.T) {
	g := randomGraph(t)
	batch := rapid.SampledFrom([]int{1, 2, 7, 400}).Draw(t, "batch")
	r := rand.New(rand.NewPCG(uint64(batch), 7))
	in := []*tensor.Tensor{
		float(tensor.Float32, r.NormFloat64, batch, 6), float(tensor.Float32, r.NormFloat64, batch, 6),
		float(tensor.Float32, r.NormFloat64, 6), float(tensor.Float32, r.NormFloat64),
	}
	s, err := native.Simplify(g)
	if err == nil {
		err = graph.Verify(s)
	}
	if err != nil {
		t.Fatal(err)
	}
	want, err := run(native.Plain(), g, in)
	if err != nil {
		t.Fatal(err)
	}
	for what, made := range map[string]*graph.Graph{"optimised": g, "simplified and optimised": s} {
		got, err := run(native.New(), made, in)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for k := range want {
			if d := difference(got[k], want[k]); !(d <= tolerance) {
				t.Fatalf("%s: output %d differs by %.3g", what, k, d)
			}
		}
	}
}

// A model of any bytes that loads gives the same on the optimising engine as node by node, or an error on both.
func FuzzRun(f *testing.F) {
	models, _ := filepath.Glob(filepath.Join("testdata", "fixtures", "*", "model.onnx"))
	more, _ := filepath.Glob(filepath.Join(os.Getenv("ELBO_ONNX_DATA"), "node", "*", "model.onnx"))
	for _, path := range append(models, more...) {
		if b, err := os.ReadFile(path); err == nil && len(b) < 600 {
			f.Add(b)
		}
	}
	limits := importer.Limits{Bytes: 1 << 16, Nodes: 100, Values: 100, Tensors: 100, Messages: 10000, Elements: 1 << 12, Rank: 6, Edges: 64, Name: 256}
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := importer.Unmarshal(b, importer.Options{Limits: limits})
		if err != nil {
			return
		}
		graph.LiftNoise(g)
		in, ok := feed(g)
		if !ok {
			return
		}
		want, err := run(native.Plain(), g, in)
		got, also := run(native.New(), g, in)
		if (err == nil) != (also == nil) {
			t.Fatalf("node by node %v, optimised %v", err, also)
		}
		if err != nil {
			return
		}
		for k := range want {
			if d := difference(got[k], want[k]); !(d <= 1e-3) {
				t.Fatalf("output %d differs by %.3g: %v, and %v node by node", k, d, head(got[k]), head(want[k]))
			}
		}
	})
}

// feed makes inputs with 2 for each symbol, unless a value of the graph is then big or of a shape that only a run tells.
func feed(g *graph.Graph) ([]*tensor.Tensor, bool) {
	shapes, in := map[string][]int{}, []*tensor.Tensor(nil)
	r := rand.New(rand.NewPCG(1, 2))
	for _, v := range g.Inputs {
		shape := make([]int, len(v.Shape))
		for i, d := range v.Shape {
			if n, ok := d.Known(); ok {
				shape[i] = n
			} else {
				shape[i] = 2
			}
		}
		if n, err := tensor.Shape(shape).CheckedSize(); err != nil || n > 1<<12 {
			return nil, false
		}
		t := tensor.New(v.DType, shape...)
		switch v.DType {
		case tensor.Float32, tensor.Float64:
			t = float(v.DType, r.NormFloat64, shape...)
		case tensor.Int64:
			for i, data := 0, tensor.Data[int64](t); i < len(data); i++ {
				data[i] = int64(i % 3)
			}
		}
		in, shapes[v.Name] = append(in, t), shape
	}
	s, err := graph.Specialize(g, shapes)
	if err != nil {
		return nil, false
	}
	for _, n := range s.Nodes {
		for _, v := range n.Outputs {
			if v == nil {
				continue
			}
			dims, ok := v.Shape.Known()
			if size, err := tensor.Shape(dims).CheckedSize(); !ok || err != nil || size > 1<<16 {
				return nil, false
			}
		}
	}
	return in, true
}
