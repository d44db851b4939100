package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPlanOfABundleAndOfAFile(t *testing.T) {
	dir := t.TempDir()
	mustRun(t, "export", "builtin:mnist", "--out", filepath.Join(dir, "onnx"))
	for _, c := range []struct {
		args []string
		says []string
	}{
		{[]string{"builtin:mnist", "--train"}, []string{"encode, batch 7", "decode, batch 7", "likelihood, batch 7", "training step, batch 7", "in[7,784] w[256,784]'"}},
		{[]string{filepath.Join(dir, "onnx", "decoder.onnx")}, []string{"decoder.onnx, batch 7", "Gemm", "[7,16]"}},
	} {
		out := mustRun(t, append([]string{"inspect", "--plan", "--batch", "7"}, c.args...)...)
		for _, want := range append(c.says, "MFLOP", "arena") {
			if !strings.Contains(out, want) {
				t.Errorf("inspect --plan %v does not say %q:\n%s", c.args, want, out)
			}
		}
		for line := range strings.Lines(out) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 120 || n > 100 && !strings.Contains(line, "/") {
				t.Errorf("a line of %d columns: %s", n, line)
			}
		}
	}
}

func TestPlanForMachines(t *testing.T) {
	var got struct {
		Plans []struct {
			Part  string
			Batch int
			Plan  struct {
				Steps []struct {
					Kernel string
					Cost   struct {
						FLOPs int
					}
				}
				Arena int `json:"arena_bytes"`
				Live  int `json:"live_bytes"`
			}
		}
	}
	if err := json.Unmarshal([]byte(mustRun(t, "inspect", "builtin:mnist", "--plan", "--batch", "3", "--json")), &got); err != nil {
		t.Fatal(err)
	}
	encode := got.Plans[0]
	if len(got.Plans) != 3 || encode.Part != "encode" || encode.Batch != 3 || encode.Plan.Arena < encode.Plan.Live || encode.Plan.Live == 0 {
		t.Fatalf("%+v", got)
	}
	first := encode.Plan.Steps[0]
	if first.Kernel != "Gemm" || first.Cost.FLOPs < 2*3*784*256+3*256 {
		t.Errorf("the first step: %+v", first)
	}
}
