package conformance

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

func suiteDir() string {
	if dir := os.Getenv("ELBO_ONNX_DATA"); dir != "" {
		return dir
	}
	return "../../shared/onnx-backend"
}

// ONNX Runtime runs the graphs in attributes as they are: written by elbo, ONNX's own cases of If, Loop and Scan, and of
// what is spelled out in them, give ONNX's numbers there.
func TestONNXRuntimeRunsBodies(t *testing.T) {
	e := openORT(t)
	var cases []string
	for _, pattern := range []string{"if", "loop11", "scan9*", "scan_sum", "range_float_*_expanded", "range_int32_*_expanded", "affine_grid_*_expanded", "linear_attention_*_expanded"} {
		dirs, _ := filepath.Glob(filepath.Join(suiteDir(), "node", "test_"+pattern))
		cases = append(cases, dirs...)
	}
	if len(cases) == 0 {
		t.Skipf("no backend tests of ONNX in %s (ELBO_ONNX_DATA names their folder)", suiteDir())
	}
	bodies := 0
	for _, dir := range cases {
		g, err := importer.Load(filepath.Join(dir, "model.onnx"), importer.Options{})
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(dir), err)
			continue
		}
		for _, n := range g.Nodes {
			bodies += len(n.Bodies())
		}
		c, err := OpenCase(filepath.Join(dir, "model.onnx"))
		if err != nil {
			t.Fatal(err)
		}
		if differences, err := c.Run(t.Context(), e, BackendTolerances); err != nil || len(differences) > 0 {
			t.Errorf("%s: %v %v", filepath.Base(dir), differences, err)
		}
	}
	if bodies == 0 {
		t.Error("no case has a graph in an attribute: all were written out")
	}
}

// A recurrence and its gradient are the same on both engines at any length: those that the native engine writes out, and
// those that it walks.
func TestScansOfAnyLength(t *testing.T) {
	other := openORT(t)
	g := graph.New("recurrence")
	x, s, w := g.Input("x", "steps", 3, 2), g.Input("s", 3, 2), g.Input("w", 2, 2)
	body := graph.New("step")
	state, row := body.Input("state", 3, 2), body.Input("row", 3, 2)
	next := body.Tanh(body.Add(body.MatMul(state, body.Reads(w)), row))
	body.Output("next", next)
	body.Output("seen", next)
	ys := g.NodeN("Scan", 2, graph.Attrs{"body": body, "num_scan_inputs": int64(1)}, s, x, w)
	loss := g.ReduceMean(g.Mul(ys[1], g.Sin(ys[1])), false)
	if err := errors.Join(body.Err(), g.Err()); err != nil {
		t.Fatal(err)
	}
	grads, err := train.Gradients(g, loss, []*graph.Value{x, s, w})
	if err != nil {
		t.Fatal(err)
	}
	g.Output("last", ys[0])
	for i, d := range grads {
		g.Output(fmt.Sprintf("d%d", i), d)
	}
	r := rand.New(rand.NewPCG(3, 3))
	for _, steps := range []int{1, 4, 600} {
		in := []*tensor.Tensor{f(steps, 3, 2).make(r, tensor.Float32), f(3, 2).make(r, tensor.Float32), f(2, 2).make(r, tensor.Float32)}
		got, err := run(native.New(), g, in)
		if err != nil {
			t.Fatal(err)
		}
		want, err := run(other, g, in)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range g.Outputs {
			if d := Compare(v.Name, got[i], want[i], PerTensor); !(d.Largest <= tolerance) {
				t.Errorf("%d steps: %v", steps, d)
			}
		}
	}
}

// All that loads of ONNX's cases is written and read again as it was.
func TestONNXBackendRoundTrip(t *testing.T) {
	models, _ := filepath.Glob(filepath.Join(suiteDir(), "*", "test_*", "model.onnx"))
	if len(models) == 0 {
		t.Skipf("no backend tests of ONNX in %s (ELBO_ONNX_DATA names their folder)", suiteDir())
	}
	same := 0
	for _, path := range models {
		g, err := importer.Load(path, importer.Options{})
		if err != nil {
			continue // TestONNXBackend tells which and why
		}
		b, err := importer.Marshal(g)
		if err != nil {
			continue // newer than what is written
		}
		again, err := importer.Unmarshal(b, importer.Options{})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if err := graph.Verify(again); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		c, err := importer.Marshal(again)
		if err != nil || string(b) != string(c) {
			t.Errorf("%s: a second round gives other bytes, %v", path, err)
			continue
		}
		same++
	}
	t.Logf("%d of %d the same", same, len(models))
}
