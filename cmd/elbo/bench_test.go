package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/runtime/engines"
)

func TestBench(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	mustRun(t, "train", "--data", "glyphs:100", "--hidden", "8", "--latent", "2", "--steps", "1", "--out", in("m.elbo"))
	before, err := os.ReadFile(in("m.elbo"))
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"bench", in("m.elbo"), "--batch", "8,1", "--threads", "2,1", "--train", "--time", "1ms"}
	out := mustRun(t, append(args, "--engine", "native", "--out", in("b.json"), "--plot", in("b.png"), "--profile", in("p.json"))...)
	for _, want := range []string{"encode", "decode", "training step", "p99 ms", "rows/s", "native: go"} {
		if !strings.Contains(out, want) {
			t.Errorf("bench does not say %q:\n%s", want, out)
		}
	}
	text, err := os.ReadFile(in("b.json"))
	if err != nil {
		t.Fatal(err)
	}
	var b benchmark
	if err := json.Unmarshal(text, &b); err != nil || len(b.Timings) != 3*2*2 {
		t.Fatalf("%v: %s", err, text)
	}
	for i, r := range b.Timings {
		want := timing{Part: []string{"encode", "decode", "training step"}[i/4], Engine: "native", Threads: 1 + i/2%2, Batch: []int{1, 8}[i%2]}
		if r.Part != want.Part || r.Engine != want.Engine || r.Threads != want.Threads || r.Batch != want.Batch {
			t.Errorf("row %d is %+v, want %+v", i, r, want)
		}
		if r.Runs < 3 || !(0 < r.Min && r.Min <= r.P50 && r.P50 <= r.P90 && r.P90 <= r.P99) || r.Rows < 999*float64(r.Batch)/r.P50 {
			t.Errorf("row %d: %+v", i, r)
		}
	}
	nest(t, readTrace(t, in("p.json")))
	picture, err := os.Open(in("b.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer picture.Close()
	if _, err := png.Decode(picture); err != nil {
		t.Error(err)
	}
	if after, err := os.ReadFile(in("m.elbo")); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the bundle is not as it was: %v", err)
	}
}

func TestBenchDrawsSVGOfOneBatch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.svg")
	b := benchmark{Timings: []timing{{Part: "decode", Engine: "native", Threads: 1, Batch: 8, Runs: 1, Min: 1, P50: 1, P90: 1, P99: 1, Rows: 8000}}}
	if err := b.plot(path); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for d := xml.NewDecoder(f); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// Both engines are timed where there are both, and the one that is not there is left out with a reason.
func TestBenchOfBothEngines(t *testing.T) {
	out := mustRun(t, "bench", "builtin:mnist", "--batch", "1", "--threads", "1", "--time", "1ms", "--json")
	var b benchmark
	if err := json.Unmarshal([]byte(out), &b); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := engines.Open("ort", engines.Options{}); err != nil {
		if len(b.Timings) != 2 || b.LeftOut["ort"] == "" {
			t.Errorf("%s", out)
		}
		return
	}
	if len(b.Timings) != 4 || b.Timings[1].Engine != "ort" || len(b.LeftOut) != 0 {
		t.Errorf("%s", out)
	}
}
