package conformance

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/train"
)

// checker is ONNX's own check of the files it is given: the model's form, and the types and shapes it declares against
// those that ONNX infers. It prints a line for each file it does not accept.
const checker = `
import sys, onnx
bad = 0
for path in sys.argv[1:]:
    try:
        onnx.checker.check_model(path, full_check=True)
    except Exception as e:
        bad += 1
        print(path + ": " + " ".join(str(e).split()))
sys.exit(1 if bad else 0)
`

// python is an interpreter with the onnx package, or the end of the test with the reason why there is none.
// ELBO_ONNX_PYTHON names one with a newer package than Debian's.
func python(t *testing.T) string {
	t.Helper()
	path := cmp.Or(os.Getenv("ELBO_ONNX_PYTHON"), "/usr/bin/python3") // Debian's python3-onnx is for Debian's Python
	if out, err := exec.Command(path, "-c", "import onnx").CombinedOutput(); err != nil {
		t.Skipf("%s has no onnx package (Debian: python3-onnx): %v: %s", path, err, lastLine(out))
	}
	return path
}

// pythonOutput is what a program prints.
func pythonOutput(t *testing.T, program string) string {
	t.Helper()
	out, err := exec.Command(python(t), "-c", program).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func lastLine(b []byte) string {
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return lines[len(lines)-1]
}

func accepted(t *testing.T, files []string) {
	t.Helper()
	for len(files) > 0 {
		n := min(len(files), 100)
		if out, err := exec.Command(python(t), append([]string{"-c", checker}, files[:n]...)...).CombinedOutput(); err != nil {
			t.Errorf("onnx.checker: %v\n%s", err, out)
		}
		files = files[n:]
	}
}

// What elbo writes of a model that it trains is accepted: the objective, and the step graph with its gradients.
func TestCheckerAcceptsAStepGraph(t *testing.T) {
	python(t)
	g := graph.New("step")
	x := g.Input("x", "batch", 6)
	h := g.Tanh(g.Dense("fc1", x, 4))
	loss := g.ReduceMean(g.ReduceSum(g.Mul(h, h), false, 1), false)
	g.Output("loss", loss)
	grads, err := train.Gradients(g, loss, g.Weights)
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range grads {
		g.Output("gradient of "+g.Weights[i].Name, d)
	}
	if err := g.WeightsToInputs(g.Weights...); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "step.onnx")
	if err := importer.Save(g, path, importer.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	accepted(t, []string{path})
}

// Every PyTorch export, converted to the canonical opset and written again, is accepted, and so is its program of
// gradients.
func TestCheckerAcceptsFixtures(t *testing.T) {
	python(t)
	fixtures, err := Fixtures(fixturesDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var files []string
	save := func(g *graph.Graph, name string) {
		path := filepath.Join(dir, name+".onnx")
		if err := importer.Save(g, path, importer.SaveOptions{}); err != nil {
			t.Error(err)
			return
		}
		files = append(files, path)
	}
	for _, f := range fixtures {
		g, err := f.Model()
		if err != nil {
			continue // TestPyTorchExports tells which and why
		}
		save(g, f.Name)
		if f.Meta.Variant != "trainable" {
			continue
		}
		p, err := f.gradientProgram()
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		save(p.graph, f.Name+"_gradients")
	}
	accepted(t, files)
}

// External data that elbo writes is found by ONNX.
func TestCheckerAcceptsExternalData(t *testing.T) {
	python(t)
	g := graph.New("external")
	g.Output("y", g.Dense("fc1", g.Input("x", "batch", 30), 40))
	dir := t.TempDir()
	path := filepath.Join(dir, "model.onnx")
	if err := importer.Save(g, path, importer.SaveOptions{External: 1024}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 2000 {
		t.Errorf("the model takes %v bytes, %v", info.Size(), err)
	}
	accepted(t, []string{path})
}
