package conformance

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
)

// simplifying is an engine that runs what Simplify leaves of a graph, every node as it stands.
type simplifying struct {
	runtime.Engine
	before, after int // nodes
}

func (e *simplifying) Compile(g *graph.Graph, o runtime.Options) (runtime.Program, error) {
	s, err := native.Simplify(g)
	if err != nil {
		return nil, err
	}
	if err := graph.Verify(s); err != nil {
		return nil, err
	}
	e.before, e.after = e.before+len(g.Nodes), e.after+len(s.Nodes)
	return e.Engine.Compile(s, o)
}

// A simplified export computes what PyTorch did on both data sets, of which the second has other dynamic dimensions.
func TestSimplifiedExports(t *testing.T) {
	e := &simplifying{Engine: native.Plain()}
	fixtures, err := Fixtures(fixturesDir())
	if err != nil {
		t.Skip(err)
	}
	for _, f := range fixtures {
		if r := f.Check(context.Background(), e, false, DefaultTolerances); r.Verdict == Failed {
			t.Errorf("%s: %s", f.Name, strings.Join(r.Reasons, "; "))
		}
	}
	t.Logf("%d nodes became %d", e.before, e.after)
	if e.after >= e.before {
		t.Error("nothing was simplified")
	}
}

// So do ONNX's own tests, simplified.
func TestSimplifiedBackend(t *testing.T) {
	s := &Suite{engine: &simplifying{Engine: native.Plain()}}
	for _, suite := range []string{"node", "simple", "pytorch-converted", "pytorch-operator"} {
		t.Run(suite, func(t *testing.T) {
			runCases(t, s, suite, filepath.Join("testdata", "onnx", suite+".txt"))
		})
	}
}

// What is simplified is written, accepted by ONNX, and computes the same in ONNX Runtime; weights that train stay.
func TestSimplifiedFileOnONNXRuntime(t *testing.T) {
	g := graph.New("simple")
	x := g.Input("x", "batch", 6)
	flat := g.Reshape(x, g.Node("Concat", graph.Attrs{"axis": int64(0)}, g.Node("Slice", nil, g.Shape(x), g.Int64s(0), g.Int64s(1)), g.Int64s(6)))
	w := g.Mul(g.Const(tensor.Vector[float32](1, 2, 3, 4, 5, 6)), g.Const(tensor.Vector[float32](2, 2, 2, 2, 2, 2)))
	g.Output("y", g.Node("Identity", nil, g.Add(g.Dense("fc1", g.Node("Identity", nil, flat), 6), w)))
	s, err := native.Simplify(g)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Nodes) >= len(g.Nodes)-4 || s.Value("fc1.weight") == nil || s.Inputs[0].Shape[0].String() != "batch" {
		t.Errorf("%d nodes became %d, the input is %v", len(g.Nodes), len(s.Nodes), s.Inputs[0])
	}
	path := filepath.Join(t.TempDir(), "simple.onnx")
	if err := importer.Save(s, path, importer.SaveOptions{Opset: 13}); err != nil {
		t.Fatal(err)
	}
	back, err := importer.Load(path, importer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in := []*tensor.Tensor{tensor.New(tensor.Float32, 3, 6)}
	want, err := run(native.Plain(), g, in)
	if err != nil {
		t.Fatal(err)
	}
	got, err := run(openORT(t), back, in)
	same(t, "on ONNX Runtime", names(back.Outputs, ""), got, want, err)
	accepted(t, []string{path})
}
