package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/tensor/npy"
)

func TestFromAFewLabelsToClasses(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	small := []string{"--data", "glyphs:600?size=12", "--seed", "1", "--hidden", "32", "--latent", "8", "--quiet"}
	semi := append([]string{"train", "--labels", "glyphs:600?size=12", "--labelled", "100", "--labelled-batch", "20", "--epochs", "20", "--batch", "50", "--lr", "0.01"}, small...)
	mustRun(t, append([]string{"train", "--out", in("m1.elbo"), "--epochs", "40", "--lr", "0.005"}, small...)...)
	mustRun(t, append([]string{"--out", in("m1m2.elbo"), "--m1", in("m1.elbo")}, semi...)...)
	mustRun(t, append([]string{"--out", in("m2.elbo"), "--model", "m2"}, semi...)...)
	for _, bundle := range []string{in("m1m2.elbo"), in("m2.elbo")} {
		var e struct {
			Error float64
			N     int
		}
		if err := json.Unmarshal([]byte(mustRun(t, "classify", bundle, "--data", "glyphs:600?size=12", "--split", "train", "--labels", "glyphs:600?size=12", "--json")), &e); err != nil {
			t.Fatal(err)
		}
		if e.N != 600 || !(e.Error < 75) { // by chance it is 90
			t.Errorf("%s: %+v", bundle, e)
		}
	}
	if code, _, errs := elbo(t, "eval", in("m2.elbo"), "--data", "glyphs:20?size=12"); code != exitFailure || !strings.Contains(errs, "elbo classify") {
		t.Errorf("eval of an m2: exit %d, %s", code, errs)
	}
	mustRun(t, "classify", in("m2.elbo"), "--data", "glyphs:20?size=12", "--draws", "3", "--out", in("p.npy"))
	// A model of any kind is exported part by part, and its parts are held against ONNX Runtime where it is there.
	mustRun(t, "export", in("m1m2.elbo"), "--out", in("parts"))
	for _, part := range []string{"classifier", "encoder", "decoder", "features", "pixels"} {
		if _, err := os.Stat(in("parts/" + part + ".onnx")); err != nil {
			t.Error(err)
		}
	}
	if code, out, stderr := elbo(t, "verify", in("parts")); code == exitOK && strings.Count(out, "classifier") != 2 || code != exitOK && !strings.Contains(stderr, "verify needs both engines") {
		t.Errorf("verify: %s%s", out, stderr)
	}
	p, err := npy.Read(in("p.npy"))
	if err != nil || p.String() != "float32[20,10]" {
		t.Fatalf("p.npy: %v %v", p, err)
	}
	sum := float32(0)
	for _, v := range tensor.Data[float32](p)[:10] {
		sum += v
	}
	if sum < 0.999 || sum > 1.001 {
		t.Errorf("the probabilities of row 0 add up to %v", sum)
	}
	if lines := strings.Split(strings.TrimSpace(mustRun(t, "classify", in("m1m2.elbo"), "--data", "glyphs:5?size=12")), "\n"); len(lines) != 5 || !strings.HasPrefix(lines[4], "4\t") {
		t.Errorf("classes of 5 rows: %q", lines)
	}
}

func TestWrongUseOfLabels(t *testing.T) {
	out := filepath.Join(t.TempDir(), "m.elbo")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"train", "--out", out, "--labelled", "10"}, exitUsage, "--labels, which is missing"},
		{[]string{"train", "--out", out, "--model", "m2"}, exitUsage, "--labels is missing"},
		{[]string{"train", "--out", out, "--model", "conv", "--labels", "glyphs:"}, exitUsage, "does not learn from labels"},
		{[]string{"train", "--out", out, "--data", "glyphs:100", "--labels", "glyphs:100", "--labelled", "15"}, exitFailure, "15 labels cannot be shared equally by 10 classes"},
		{[]string{"train", "--out", out, "--data", "glyphs:100", "--labels", "glyphs:50"}, exitFailure, "50 labels for the 100 rows"},
		{[]string{"train", "--out", out, "--data", "glyphs:100", "--labels", "nowhere"}, exitFailure, "nowhere"},
		{[]string{"classify", "builtin:mnist"}, exitFailure, "which has a classifier"},
	} {
		if code, _, errs := elbo(t, c.args...); code != c.code || !strings.Contains(errs, c.says) {
			t.Errorf("elbo %s: exit %d, %s", strings.Join(c.args, " "), code, errs)
		}
	}
}
