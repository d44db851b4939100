package main

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/models"
)

// The built-in model's own ONNX files stand in for a pair from elsewhere: its manifest is not looked at.
func TestRunScoresAPair(t *testing.T) {
	dir := t.TempDir()
	folder, out := filepath.Join(dir, "pair"), filepath.Join(dir, "vae.elbo")
	vae, err := models.Open("builtin:mnist")
	if err != nil {
		t.Fatal(err)
	}
	defer vae.Close()
	if err := vae.Save(folder, models.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	var report strings.Builder
	if err := run(t.Context(), &report, filepath.Join(folder, "encoder.onnx"), filepath.Join(folder, "decoder.onnx"), "glyphs:50", out); err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`bernoulli: ELBO (-\d+\.\d+) .*\n.*at least (-\d+\.\d+)`).FindStringSubmatch(report.String())
	if found == nil {
		t.Fatalf("report: %q", report.String())
	}
	elbo, _ := strconv.ParseFloat(found[1], 64)
	iwae, _ := strconv.ParseFloat(found[2], 64)
	if elbo < -400 || elbo >= iwae {
		t.Errorf("ELBO %v, and a tighter bound of %v", elbo, iwae)
	}
	if again, err := models.Open(out); err != nil {
		t.Error(err)
	} else {
		again.Close()
	}
}
