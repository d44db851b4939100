package conformance

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/runtime/ort"
)

// refusing answers every model with an error.
type refusing struct{ error }

func (r refusing) CompileModel(string, []byte, runtime.Options) (runtime.Program, error) {
	return nil, r.error
}

// A case is not supported on ONNX Runtime when ONNX Runtime says so; what elbo does not hand over to it is a failure.
func TestOnlyONNXRuntimeRefuses(t *testing.T) {
	g := graph.New("neg")
	g.Output("y", g.Neg(g.Input("x", 1)))
	model := filepath.Join(t.TempDir(), "test_neg", "model.onnx")
	if err := os.MkdirAll(filepath.Join(filepath.Dir(model), "test_data_set_0"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := importer.Save(g, model, importer.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	c, err := OpenCase(model)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		err  error
		want Verdict
	}{
		{ort.Refusal("no kernel"), Skipped}, {fmt.Errorf("provider cpu: %w", ort.Refusal("no kernel")), Skipped},
		{fmt.Errorf("a map: %w", graph.ErrUnsupported), Failed}, {runtime.ErrInput, Failed}, {errors.New("lost"), Failed},
	} {
		s := &Suite{engine: native.New(), file: refusing{x.err}}
		if o := s.Run(t.Context(), c); o.Verdict != x.want {
			t.Errorf("%v: %+v, want verdict %d", x.err, o, x.want)
		}
	}
}

// What ONNX Runtime passes through its own Python package, it passes through elbo: the lists of what is open on it hold
// none of that. ELBO_ORT_PYTHON names an interpreter with the packages onnx and onnxruntime, of the version that elbo uses.
func TestONNXRuntimeItself(t *testing.T) {
	if !*long {
		t.Skip("every case once more, in Python: with -long")
	}
	python := cmp.Or(os.Getenv("ELBO_ORT_PYTHON"), "python3")
	version, err := exec.Command(python, "-c", "import onnx, onnxruntime; print(onnxruntime.__version__)").Output()
	if v := string(bytes.TrimSpace(version)); err != nil || v != ort.Version {
		t.Skipf("%s has no packages onnx and onnxruntime %s (ELBO_ORT_PYTHON names one that does): %q, %v", python, ort.Version, v, err)
	}
	for _, suite := range []string{"node", "simple"} {
		t.Run(suite, func(t *testing.T) {
			open, err := ReadList(filepath.Join("testdata", "onnx", "ort", suite+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(python, "onnxruntime_itself.py", backendDir(t, suite))
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			verdicts := map[string]string{}
			count := map[string]int{}
			for line := range strings.Lines(string(out)) {
				if name, rest, ok := strings.Cut(line, " "); ok && strings.HasPrefix(name, "test_") {
					verdict, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
					verdicts[name] = verdict
					count[verdict]++
				}
			}
			t.Logf("by ONNX Runtime's Python package: %v", count)
			if count["passes"] == 0 {
				t.Error("none passes")
			}
			for name, why := range open {
				if v := verdicts[name]; v != "fails" {
					t.Errorf("%s is open through elbo (%s) and in Python it %s", name, why, v)
				}
			}
		})
	}
}
