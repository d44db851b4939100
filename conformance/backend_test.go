package conformance

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	goruntime "runtime"
	"testing"

	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/ort"
)

var update = flag.Bool("update", false, "write the lists of ONNX's cases that an engine does not support anew")

// suites are ONNX's own, by folder.
var suites = []string{"node", "simple", "pytorch-converted", "pytorch-operator", "light"}

// ONNX's own test of each operator: what loads must compute what ONNX says. testdata/onnx holds a list for each suite of
// the cases that elbo cannot run and why; one that changes either way fails here.
func TestONNXBackend(t *testing.T) {
	for _, suite := range suites {
		t.Run(suite, func(t *testing.T) {
			runSuite(t, "native", false, suite, filepath.Join("testdata", "onnx", suite+".txt"))
		})
	}
}

// The same on ONNX Runtime, with the cases in the lists that ONNX Runtime itself does not run, or answers otherwise than
// ONNX says, from the file as it stands.
func TestONNXBackendOnONNXRuntime(t *testing.T) {
	for _, suite := range suites {
		t.Run(suite, func(t *testing.T) {
			runSuite(t, "ort", false, suite, filepath.Join("testdata", "onnx", "ort", suite+".txt"))
		})
	}
}

// The answers do not depend on the optimisations of either engine; plain.txt has what ONNX Runtime needs its own for.
func TestONNXBackendPlain(t *testing.T) {
	for _, suite := range suites {
		t.Run(suite, func(t *testing.T) {
			runSuite(t, "native", true, suite, filepath.Join("testdata", "onnx", suite+".txt"))
		})
		t.Run(suite+" on ONNX Runtime", func(t *testing.T) {
			if !*long {
				t.Skip("sessions take their time: with -long")
			}
			lists := []string{filepath.Join("testdata", "onnx", "ort", suite+".txt")}
			if suite == "node" {
				lists = append(lists, filepath.Join("testdata", "onnx", "ort", "plain.txt"))
			}
			runSuite(t, "ort", true, suite, lists...)
		})
	}
}

func runSuite(t *testing.T, engine string, plain bool, suite string, files ...string) {
	backendDir(t, suite)
	if engine == "ort" && goruntime.GOARCH+goruntime.GOOS != "amd64linux" {
		t.Skip("the lists are of ONNX Runtime's kernels on amd64 and Linux")
	}
	s, err := OpenSuite(engine, plain)
	if errors.Is(err, runtime.ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if v := s.engine.Version(); engine == "ort" && v != ort.Version {
		t.Skipf("the lists are of ONNX Runtime %s, and this is %s", ort.Version, v)
	}
	runCases(t, s, suite, files...)
}

// backendDir is a suite's folder.
func backendDir(t *testing.T, suite string) string {
	t.Helper()
	dir := cmp.Or(os.Getenv("ELBO_ONNX_DATA"), "../../shared/onnx-backend")
	if _, err := os.Stat(filepath.Join(dir, suite)); err != nil {
		t.Skipf("no backend tests of ONNX in %s (ELBO_ONNX_DATA names their folder)", dir)
	}
	if suite == "light" && !*long {
		t.Skip("whole models of 2014 to 2017: with -long")
	}
	return filepath.Join(dir, suite)
}

func runCases(t *testing.T, s *Suite, suite string, files ...string) {
	cases, err := Cases(backendDir(t, suite))
	if err != nil {
		t.Fatal(err)
	}
	var outcomes []Outcome
	passed := 0
	for _, c := range cases {
		o := s.Run(context.Background(), c)
		outcomes = append(outcomes, o)
		if o.Verdict == Passed {
			passed++
		}
	}
	t.Logf("%d passed of %d", passed, len(cases))
	if *update {
		f, err := os.Create(files[0])
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := WriteList(f, outcomes); err != nil {
			t.Fatal(err)
		}
		return
	}
	list := List{}
	for _, file := range files {
		l, err := ReadList(file)
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(list, l)
	}
	for _, line := range list.Changes(outcomes) {
		t.Error(line)
	}
}
