package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/models/ssl"
)

func TestRunLearnsFromAFewLabels(t *testing.T) {
	var w strings.Builder
	out := filepath.Join(t.TempDir(), "m1m2.elbo")
	if err := run(t.Context(), &w, "glyphs:1000?size=12", out, 30); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(w.String()), "\n")
	var wrong float64
	if _, err := fmt.Sscanf(lines[len(lines)-1], "%f %% of 1000 test images", &wrong); err != nil || wrong > 60 { // by chance it is 90
		t.Errorf("%v in %q", err, w.String())
	}
	m, err := ssl.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if !m.Stacked() || m.Classes() != 10 {
		t.Errorf("the bundle holds %v", m.Manifest())
	}
}
