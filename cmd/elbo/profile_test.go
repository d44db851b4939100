package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

type traceEvent struct {
	Name, Cat, Ph string
	TS, Dur       float64 // microseconds
	TID           int
	Args          map[string]any
}

func readTrace(t *testing.T, path string) []traceEvent {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var trace struct{ TraceEvents []traceEvent }
	if err := json.Unmarshal(text, &trace); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return slices.DeleteFunc(trace.TraceEvents, func(e traceEvent) bool { return e.Ph != "X" })
}

// nest checks that the spans of a lane lie within one another or apart.
func nest(t *testing.T, events []traceEvent) {
	t.Helper()
	slices.SortStableFunc(events, func(a, b traceEvent) int {
		if a.TS != b.TS {
			return int(1e3 * (a.TS - b.TS))
		}
		return int(1e3 * (b.Dur - a.Dur))
	})
	open := map[int][]traceEvent{}
	for _, e := range events {
		stack := open[e.TID]
		for len(stack) > 0 && stack[len(stack)-1].TS+stack[len(stack)-1].Dur <= e.TS {
			stack = stack[:len(stack)-1]
		}
		if n := len(stack); n > 0 && stack[n-1].TS+stack[n-1].Dur < e.TS+e.Dur-1e-3 {
			t.Fatalf("%+v ends after %+v, in which it began", e, stack[n-1])
		}
		open[e.TID] = append(stack, e)
	}
}

func TestProfileOfATraining(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "t.json")
	start := time.Now()
	code, _, errs := elbo(t, "train", "--data", "glyphs:200", "--hidden", "16", "--latent", "3", "--epochs", "2", "--batch", "50",
		"--out", filepath.Join(dir, "m.elbo"), "--profile", out)
	wall := float64(time.Since(start).Microseconds())
	if code != exitOK {
		t.Fatal(errs)
	}
	for _, want := range []string{"family", "GFLOP/s", "Gemm", "optimiser", "checkpoint", "ui.perfetto.dev"} {
		if !strings.Contains(errs, want) {
			t.Errorf("the table does not say %q:\n%s", want, errs)
		}
	}
	events := readTrace(t, out)
	nest(t, events)
	calls, took := map[string]int{}, map[string]float64{}
	for _, e := range events {
		calls[e.Name]++
		took[e.Name] += e.Dur
		if e.Cat == "native" && !strings.HasPrefix(e.Name, "run ") {
			took["native steps"] += e.Dur
		}
	}
	for name, want := range map[string]int{"elbo train": 1, "prepare": 1, "step": 8, "batch": 8, "noise": 8, "program": 8, "optimiser": 16} {
		if calls[name] != want {
			t.Errorf("%d spans %q, want %d", calls[name], name, want)
		}
	}
	whole := took["elbo train"]
	phases := took["batch"] + took["noise"] + took["program"] + took["optimiser"] + took["checkpoint"]
	if whole > wall || took["step"]+took["prepare"] > whole || phases > took["step"] || took["native steps"] > took["program"] || took["native steps"] == 0 {
		t.Errorf("of %.0f us: %v", wall, took)
	}
}

func TestProfileOfEachCommand(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, args := range [][]string{
		{"encode", "builtin:mnist", "--data", "glyphs:20", "--out", in("z.npy")},
		{"decode", "builtin:mnist", in("z.npy"), "--out", in("x.npy")},
		{"sample", "builtin:mnist", "-n", "4", "--out", in("s.png")},
		{"eval", "builtin:mnist", "--data", "glyphs:20"},
		{"finetune", "builtin:mnist", "--data", "glyphs:100", "--steps", "1", "--out", in("f.elbo")},
	} {
		out := in(args[0] + ".json")
		mustRun(t, append(args, "--engine", "native", "--profile", out, "--quiet")...)
		events := readTrace(t, out)
		nest(t, events)
		if events[0].Name != "elbo "+args[0] || !slices.ContainsFunc(events, func(e traceEvent) bool { return e.Args["GFLOP/s"] != nil }) {
			t.Errorf("%v: %d events, the first %+v", args, len(events), events[0])
		}
	}
}
