package conformance

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/runtime/ort"
	"github.com/elbo-ml/elbo/tensor"
)

// chromium is where Debian's package keeps SwiftShader, a Vulkan driver in software.
const chromium = "/usr/lib/chromium"

// WebGPU runs in a process of its own: the loader and the driver are chosen by variables that must be set before it
// starts, and a driver that crashes must not take the other tests with it.
func TestWebGPU(t *testing.T) {
	openORT(t)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestWebGPUChild$", "-test.v")
	cmd.Env = append(os.Environ(), "ELBO_TEST_WEBGPU=1")
	driver := filepath.Join(chromium, "vk_swiftshader_icd.json")
	if _, err := os.Stat(driver); goruntime.GOOS == "linux" && err == nil {
		// Chromium's folder holds more libraries than the loader; only that one is wanted.
		dir := t.TempDir()
		if err := os.Symlink(filepath.Join(chromium, "libvulkan.so.1"), filepath.Join(dir, "libvulkan.so.1")); err != nil {
			t.Fatal(err)
		}
		cmd.Env = append(cmd.Env, "VK_DRIVER_FILES="+driver, "LD_LIBRARY_PATH="+dir+":"+os.Getenv("LD_LIBRARY_PATH"))
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if _, why, ok := strings.Cut(line, "no WebGPU here: "); ok {
			t.Skip("no WebGPU here (Debian's chromium brings a software driver): " + strings.TrimSpace(why))
		}
	}
	t.Logf("%s", out)
}

func TestWebGPUChild(t *testing.T) {
	if os.Getenv("ELBO_TEST_WEBGPU") == "" {
		t.Skip("runs as the child of TestWebGPU")
	}
	e := openORT(t)
	if err := ort.CheckProvider("webgpu"); err != nil {
		t.Skipf("no WebGPU here: %v", err)
	}
	o := runtime.Options{Provider: "webgpu"}
	t.Run("inference", func(t *testing.T) {
		g := graph.New("encoder")
		x := g.Input("x", "batch", 784)
		h := g.Tanh(g.Dense("fc1", x, 500))
		g.Output("mean", g.Dense("fc2", h, 20))
		g.Output("logvar", g.Dense("fc3", h, 20))
		if err := g.Err(); err != nil {
			t.Fatal(err)
		}
		want := make([]*tensor.Tensor, 2)
		got := make([]*tensor.Tensor, 2)
		reference, err := native.New().Compile(g, runtime.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer reference.Close()
		p, err := e.Compile(g, o)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		for _, rows := range []int{1, 7, 64} {
			in := tensor.New(tensor.Float32, rows, 784)
			for i := range tensor.Data[float32](in) {
				tensor.Data[float32](in)[i] = float32(i*7%13) / 13
			}
			clear(want)
			clear(got)
			if err := reference.Run(context.Background(), []*tensor.Tensor{in}, want); err != nil {
				t.Fatal(err)
			}
			if err := p.Run(context.Background(), []*tensor.Tensor{in}, got); err != nil {
				t.Fatal(err)
			}
			for i := range want {
				if d := stepDifference(got[i], want[i]); !(d <= stepTolerance) {
					t.Errorf("%d rows: %s differs by %.3g", rows, g.Outputs[i].Name, d)
				}
			}
		}
	})
	t.Run("training step", func(t *testing.T) { compareSteps(t, native.New(), e, o, denseConfig, 100) })
	t.Run("training", func(t *testing.T) {
		l := e.(runtime.Looper)
		if apart, err := l.Apart(o); err != nil || !apart {
			t.Errorf("WebGPU computes apart: %v, %v", apart, err)
		}
		testOnDevice(t, l, "webgpu", 20)
	})
}
