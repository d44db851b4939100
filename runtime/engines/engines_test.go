package engines

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/ort"
	"github.com/elbo-ml/elbo/tensor"
)

func double(t *testing.T, e runtime.Engine) float64 {
	t.Helper()
	g := graph.New("double")
	x := g.Input("x", 1)
	g.Output("y", g.Add(x, x))
	p, err := e.Compile(g, runtime.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	out := make([]*tensor.Tensor, 1)
	if err := p.Run(context.Background(), []*tensor.Tensor{tensor.Vector(float32(21))}, out); err != nil {
		t.Fatal(err)
	}
	return out[0].Floats()[0]
}

func TestOpenByName(t *testing.T) {
	for _, name := range []string{"native", "ort", "auto", ""} {
		e, err := Open(name, Options{Threads: 1})
		if name == "ort" && errors.Is(err, runtime.ErrUnavailable) {
			t.Logf("skipped ort: %v", err)
			continue
		}
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		if got := double(t, e); got != 42 {
			t.Errorf("%q: 21+21 = %v", name, got)
		}
	}
	if err := ort.Shutdown(); err != nil {
		t.Error(err)
	}
	// After Shutdown the library starts again.
	if e, err := Open("auto", Options{}); err != nil || double(t, e) != 42 {
		t.Errorf("after shutdown: %v", err)
	}
}

func TestUnknownEngine(t *testing.T) {
	_, err := Open("abacus", Options{})
	if !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "native, ort or auto") {
		t.Errorf("error %v", err)
	}
}

func TestNativeHasOnlyTheCPU(t *testing.T) {
	if _, err := Open("native", Options{Provider: "cuda"}); !errors.Is(err, runtime.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
}

// auto falls back and says so once; a provider that was asked for by name is never replaced in silence.
func TestAutoWithoutTheLibrary(t *testing.T) {
	if err := ort.Shutdown(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ELBO_ORT_LIB", filepath.Join(t.TempDir(), "none.so"))
	var notes []string
	o := Options{Note: func(s string) { notes = append(notes, s) }}
	for range 2 {
		e, err := Open("auto", o)
		if err != nil || e.Name() != "native" {
			t.Fatalf("engine %v, %v", e, err)
		}
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "none.so") && !strings.Contains(notes[0], "native only") {
		t.Errorf("notes %q", notes)
	}
	o.Provider = "webgpu"
	if _, err := Open("auto", o); !errors.Is(err, runtime.ErrUnavailable) {
		t.Errorf("webgpu without the library: %v", err)
	}
	if _, err := Open("ort", Options{}); !errors.Is(err, runtime.ErrUnavailable) {
		t.Errorf("ort without the library: %v", err)
	}
}
