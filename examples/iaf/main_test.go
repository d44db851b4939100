package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/models"
)

func TestRun(t *testing.T) {
	out := filepath.Join(t.TempDir(), "iaf.elbo")
	var said strings.Builder
	if err := run(t.Context(), &said, "glyphs:300", out, 1); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said.String(), "diagonal: bound") || !strings.Contains(said.String(), "iaf: bound") {
		t.Errorf("it says %q", said.String())
	}
	vae, err := models.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer vae.Close()
	if got := vae.Manifest().Posterior; len(got) != 4 {
		t.Errorf("the posterior is %v", got)
	}
}
