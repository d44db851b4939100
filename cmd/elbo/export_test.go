package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/importer"
)

// A bundle and a file are exported at the opset, with the weights in float16, and simplified; the bundle samples as before.
func TestExportForms(t *testing.T) {
	dir := t.TempDir()
	bundle, file := filepath.Join(dir, "bundle"), filepath.Join(dir, "again.onnx")
	mustRun(t, "export", "builtin:mnist", "--out", bundle, "--opset", "13", "--float16", "--simplify")
	mustRun(t, "sample", bundle, "-n", "2", "--out", filepath.Join(dir, "two.png"))
	decoder := filepath.Join(bundle, "decoder.onnx")
	g, err := importer.Load(decoder, importer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if g.FileOpset != 13 || g.FileIRVersion != 7 {
		t.Errorf("opset %d, IR version %d", g.FileOpset, g.FileIRVersion)
	}
	if info, err := os.Stat(decoder); err != nil || info.Size() > 2*207512+20000 {
		t.Errorf("%v bytes, %v", info.Size(), err)
	}
	mustRun(t, "export", decoder, "--out", file, "--opset", "18")
	if g, err = importer.Load(file, importer.Options{}); err != nil || g.FileOpset != 18 {
		t.Errorf("opset %d: %v", g.FileOpset, err)
	}
	for _, args := range [][]string{
		{"export", decoder, "--out", filepath.Join(dir, "folder")},
		{"export", bundle, "--out", filepath.Join(dir, "one.onnx")},
		{"export", bundle, "--out", filepath.Join(dir, "new"), "--opset", "99"},
		{"export", bundle, "--out", file, "--force", "--into", decoder, "--opset", "14"},
		{"export", bundle, "--out", filepath.Join(dir, "new"), "--into", decoder},
	} {
		if code, _, text := elbo(t, args...); code != exitUsage || !strings.Contains(text, "--o") {
			t.Errorf("%v: code %d, %s", args, code, text)
		}
	}
}
