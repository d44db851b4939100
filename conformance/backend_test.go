package conformance

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native"
)

var update = flag.Bool("update", false, "write the lists of ONNX's cases that elbo cannot run anew")

// ONNX's own test of each operator: what loads must compute what ONNX says. testdata/onnx holds a list for each suite of
// the cases that elbo cannot run and why; one that changes either way fails here.
func TestONNXBackend(t *testing.T) {
	dir := os.Getenv("ELBO_ONNX_DATA")
	if dir == "" {
		dir = "../../shared/onnx-backend"
	}
	suites, _ := filepath.Glob(filepath.Join(dir, "*", "test_*", "model.onnx"))
	if len(suites) == 0 {
		t.Skipf("no backend tests of ONNX in %s (ELBO_ONNX_DATA names their folder)", dir)
	}
	for _, suite := range []string{"node", "simple", "pytorch-converted", "pytorch-operator"} {
		t.Run(suite, func(t *testing.T) {
			runSuite(t, filepath.Join(dir, suite), filepath.Join("testdata", "onnx", suite+".txt"))
		})
	}
}

func runSuite(t *testing.T, dir, list string) {
	expected := readReasons(t, list)
	models, _ := filepath.Glob(filepath.Join(dir, "test_*", "model.onnx"))
	passed := 0
	var unsupported strings.Builder
	for _, model := range models {
		name := filepath.Base(filepath.Dir(model))
		_, listed := expected[name]
		delete(expected, name)
		failures, err := attempt(filepath.Dir(model))
		switch {
		case errors.Is(err, graph.ErrUnsupported):
			fmt.Fprintf(&unsupported, "%s: %s\n", name, reason(err))
			if !listed && !*update {
				t.Errorf("%s: %v", name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case len(failures) > 0:
			t.Errorf("%s: %v", name, failures)
		default:
			passed++
			if listed && !*update {
				t.Errorf("%s passes: take it from %s", name, list)
			}
		}
	}
	if *update {
		if err := os.WriteFile(list, []byte(unsupported.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for name := range expected {
		t.Errorf("%s is in %s and not in the suite", name, list)
	}
	t.Logf("%d passed of %d", passed, len(models))
}

// attempt is Backend, with a panic for the error that it is.
func attempt(dir string) (failures []Difference, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return Backend(context.Background(), dir, native.New(), BackendTolerances)
}

var (
	paths = regexp.MustCompile(`(importer|native|graph): |load \S+: |\d+ unsupported operators?: |: unsupported|\(node "[^"]*"\)`)
	nodes = regexp.MustCompile(`\(node "[^"]*", `)
)

// reason is an error about what elbo lacks, without where it was met.
func reason(err error) string {
	s := nodes.ReplaceAllString(paths.ReplaceAllString(err.Error(), ""), "(")
	if len(s) > 160 {
		s = s[:160] + "..."
	}
	return s
}

// readReasons is a list by case.
func readReasons(t *testing.T, path string) map[string]string {
	b, err := os.ReadFile(path)
	if err != nil && !*update {
		t.Fatal(err)
	}
	list := map[string]string{}
	for line := range strings.Lines(string(b)) {
		name, why, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			t.Errorf("%s: %q gives no reason", path, line)
		}
		list[name] = why
	}
	return list
}
