package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/models"
)

func TestRunTrainsAndSaves(t *testing.T) {
	var w strings.Builder
	out := filepath.Join(t.TempDir(), "digits.elbo")
	if err := run(t.Context(), &w, "glyphs:3000", 3, out); err != nil {
		t.Fatal(err)
	}
	var elbo float64
	if _, err := fmt.Sscanf(w.String(), "ELBO %f nats", &elbo); err != nil || elbo < -350 || elbo > 0 {
		t.Errorf("%q, %v", w.String(), err)
	}
	vae, err := models.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer vae.Close()
	if m := vae.Manifest(); m.Latent != 10 {
		t.Errorf("the saved model has %d latents", m.Latent)
	}
}
