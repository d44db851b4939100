package importer

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// fixtures is the folder of exported models, or "" with a skip.
func fixtures(t *testing.T) []string {
	t.Helper()
	dir := os.Getenv("ELBO_FIXTURES")
	if dir == "" {
		dir = "../../shared/fixtures"
	}
	if _, err := os.Stat(dir); err != nil {
		dir = "../conformance/testdata/fixtures"
	}
	models, _ := filepath.Glob(filepath.Join(dir, "*", "model.onnx"))
	if len(models) == 0 {
		t.Skipf("no fixtures in %s (ELBO_FIXTURES names the folder)", dir)
	}
	return models
}

// Every fixture loads, or says which operators it lacks.
func TestLoadFixtures(t *testing.T) {
	missing := map[string]int{}
	for _, path := range fixtures(t) {
		_, err := Load(path, Options{})
		var un *UnsupportedError
		switch {
		case errors.As(err, &un):
			seen := map[string]bool{}
			for _, u := range un.Operators {
				if u.Reason != "" && u.Reason != "a sequence of time steps: unsupported" { // GRU is written out for a number of steps
					t.Errorf("%s: %v", path, u)
				}
				if !seen[u.Op] {
					seen[u.Op] = true
					missing[u.Op]++
				}
			}
		case err != nil:
			t.Errorf("%s: %v", path, err)
		}
	}
	t.Logf("models by operator that is missing: %v", missing)
}
