package conformance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/runtime/ort"
	"github.com/elbo-ml/elbo/tensor"
)

// newestORT is the newest opset whose operators ort.Version has kernels for.
const newestORT = 24

// running are the cases of the engines' test that the native engine runs, as graphs and what these are fed.
var running = sync.OnceValues(func() (graphs []*graph.Graph, in [][]*tensor.Tensor) {
	for i, c := range opCases() {
		g, feeds := graphOf(c, tensor.Float32, uint64(i))
		if _, err := run(native.New(), g, feeds); err == nil { // TestEnginesAgreeOnEveryOperator tells the others
			graphs, in = append(graphs, g), append(in, feeds)
		}
	}
	return graphs, in
})

// everyOperator is one graph of all operators that an opset has, side by side.
func everyOperator(t *testing.T, opset int) (*graph.Graph, []*tensor.Tensor) {
	t.Helper()
	all := graph.New("operators")
	var in []*tensor.Tensor
	graphs, feeds := running()
	for i, g := range graphs {
		if since, ok := withoutKernel[g.Name]; ok && opset >= since {
			continue
		}
		if _, err := importer.MarshalAs(g, importer.SaveOptions{Opset: opset}); errors.Is(err, graph.ErrUnsupported) {
			if opset >= graph.Opset && graph.Lookup("", g.Name).Since == 0 || !strings.Contains(err.Error(), g.Name) {
				t.Errorf("opset %d: %v", opset, err)
			}
			continue
		}
		prefix := fmt.Sprintf("%d_%s/", i, g.Name)
		at, err := graph.Append(all, g, nil, prefix)
		if err != nil {
			t.Fatalf("%s: %v", g.Name, err)
		}
		for _, y := range g.Outputs {
			all.Output(prefix+"output_"+y.Name, at[y])
		}
		in = append(in, feeds[i]...)
	}
	return all, in
}

// withoutKernel are operators that ONNX Runtime has no kernel for from an opset on: what is written is left out there.
var withoutKernel = map[string]int{"RoiAlign": 22}

// Every operator is written in every opset, and read again computes what it did; ONNX Runtime computes the same from the
// file as it stands, where it has kernels for that opset: in some without -long, since opening all takes its time there.
func TestEveryOperatorInEveryOpset(t *testing.T) {
	e, err := ort.Open(ort.Config{})
	if err != nil {
		t.Logf("without ONNX Runtime: %v", err)
	}
	for opset := importer.MinSaved; opset <= importer.MaxOpset; opset++ {
		g, in := everyOperator(t, opset)
		want, err := run(native.New(), g, in)
		if err != nil {
			t.Fatal(err)
		}
		b, err := importer.MarshalAs(g, importer.SaveOptions{Opset: opset})
		if err != nil {
			t.Fatalf("opset %d: %v", opset, err)
		}
		back, err := importer.Unmarshal(b, importer.Options{})
		if err != nil {
			t.Fatalf("opset %d is not read: %v", opset, err)
		}
		if back.FileOpset != opset {
			t.Errorf("opset %d is written as %d", opset, back.FileOpset)
		}
		got, err := run(native.New(), back, in)
		same(t, fmt.Sprintf("opset %d", opset), names(g.Outputs, ""), got, want, err)
		if e == nil || opset > newestORT || !*long && !slices.Contains([]int{13, 18, newestORT}, opset) {
			continue
		}
		p, err := e.(runtime.ModelCompiler).CompileModel("operators", b, runtime.Options{Threads: 1})
		if err != nil {
			t.Errorf("opset %d on ONNX Runtime: %v", opset, err)
			continue
		}
		got = make([]*tensor.Tensor, len(want))
		err = p.Run(context.Background(), in, got)
		p.Close()
		same(t, fmt.Sprintf("opset %d on ONNX Runtime", opset), names(g.Outputs, ""), got, want, err)
	}
}

func same(t *testing.T, where string, what []string, got, want []*tensor.Tensor, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return
	}
	for k := range want {
		if d := difference(got[k], want[k]); !(d <= tolerance) {
			t.Errorf("%s: %s is %v and was %v: differs by %.3g", where, what[k], got[k], want[k], d)
		}
	}
}

// ONNX accepts what is written in every opset that the installed package speaks, with its least IR version.
func TestCheckerAcceptsEveryOpset(t *testing.T) {
	newest := checkerOpset(t)
	dir := t.TempDir()
	var files []string
	for opset := importer.MinSaved; opset <= newest; opset++ {
		g, _ := everyOperator(t, opset)
		path := filepath.Join(dir, fmt.Sprintf("%d.onnx", opset))
		if err := importer.Save(g, path, importer.SaveOptions{Opset: opset}); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	accepted(t, files)
}

// checkerOpset is the newest opset that the installed onnx package speaks.
func checkerOpset(t *testing.T) int {
	t.Helper()
	out := pythonOutput(t, "import onnx; print(onnx.defs.onnx_opset_version())")
	var n int
	if _, err := fmt.Sscan(out, &n); err != nil {
		t.Fatal(err)
	}
	return min(n, importer.MaxOpset)
}

// Weights stored in float16 are half the file, keep their names, and give what rounding them gives.
func TestFloat16Weights(t *testing.T) {
	g := graph.New("half")
	x := g.Input("x", "batch", 30)
	g.Output("y", g.Tanh(g.Dense("fc1", x, 40)))
	g.Weight("big", tensor.Vector[float32](1e6, 1))
	g.Output("z", g.Add(g.Value("big"), g.Value("big")))
	dir := t.TempDir()
	whole, half := filepath.Join(dir, "whole.onnx"), filepath.Join(dir, "half.onnx")
	if err := importer.Save(g, whole, importer.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := importer.Save(g, half, importer.SaveOptions{Float16: true, Opset: 13}); err != nil {
		t.Fatal(err)
	}
	a, _ := os.Stat(whole)
	b, _ := os.Stat(half)
	if b.Size() > a.Size()*3/5 {
		t.Errorf("%d bytes in float16, %d in float32", b.Size(), a.Size())
	}
	back, err := importer.Load(half, importer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if v := back.Value("fc1.weight"); v == nil || v.DType != tensor.Float16 || back.Value("big").DType != tensor.Float32 {
		t.Errorf("the weights are %v and %v", v, back.Value("big"))
	}
	rounded := g.Clone()
	for _, w := range rounded.Weights {
		if w.Name != "big" {
			w.Data = w.Data.Clone()
			for i, v := range tensor.Data[float32](w.Data) {
				tensor.Data[float32](w.Data)[i] = tensor.FromFloat16(tensor.ToFloat16(v))
			}
		}
	}
	in := []*tensor.Tensor{tensor.New(tensor.Float32, 2, 30)}
	for i, data := 0, tensor.Data[float32](in[0]); i < len(data); i++ {
		data[i] = float32(i%7) - 3
	}
	want, err := run(native.New(), rounded, in)
	if err != nil {
		t.Fatal(err)
	}
	got, err := run(native.New(), back, in)
	same(t, "natively", names(back.Outputs, ""), got, want, err)
	got, err = run(openORT(t), back, in)
	same(t, "on ONNX Runtime", names(back.Outputs, ""), got, want, err)
	accepted(t, []string{half})
}
