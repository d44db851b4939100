package ldm

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/runtime/ort"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/tensor/npy"
	"github.com/elbo-ml/elbo/train"
)

var long = flag.Bool("long", false, "run the decoder in its full size: 49.5 million parameters, half a minute on two cores")

func latent(batch, h, w int) *tensor.Tensor {
	z := tensor.New(tensor.Float32, batch, latents, h, w)
	runtime.Noise{Seed: 7}.Normal(0, tensor.Data[float32](z))
	return z
}

func run(t *testing.T, e runtime.Engine, g *graph.Graph, in ...*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	p, err := e.Compile(g, runtime.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	out := make([]*tensor.Tensor, len(g.Outputs))
	if err := p.Run(context.Background(), in, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// distance is the largest |a-b| / (1+|b|).
func distance(a, b *tensor.Tensor) float64 {
	if !a.Shape().Equal(b.Shape()) {
		return math.Inf(1)
	}
	worst := 0.0
	y := tensor.Data[float32](b)
	for i, x := range tensor.Data[float32](a) {
		worst = max(worst, math.Abs(float64(x)-float64(y[i]))/(1+math.Abs(float64(y[i]))))
	}
	return worst
}

func openORT(t *testing.T) runtime.Engine {
	t.Helper()
	e, err := ort.Open(ort.Config{})
	if err != nil {
		t.Skip(err)
	}
	return e
}

var small = Config{Channels: []int{8, 16, 16}, Blocks: 2, Groups: 4}

func TestTheFullDecoderHasItsSize(t *testing.T) {
	sizes := map[string]int{}
	count := func(c Config) int {
		g, err := Decoder(c, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range g.Weights {
			sizes[w.Name] = w.Data.Len()
		}
		return Parameters(g)
	}
	if n := count(small); n != 37959 {
		t.Errorf("the small decoder has %d parameters", n)
	}
	if !*long {
		t.Skip("drawing 49.5 million weights takes -long")
	}
	if n := count(StableDiffusion); n != 49490199 { // as diffusers counts the decoder and post_quant_conv
		t.Errorf("%d parameters, want 49490199", n)
	}
}

// The small decoder computes the same in the ways there are, at sizes that it was not compiled for.
func TestSmallDecoder(t *testing.T) {
	g, err := Decoder(small, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, z := range []*tensor.Tensor{latent(1, 8, 8), latent(2, 5, 7)} {
		want := run(t, native.Plain(), g, z)[0]
		if s := want.Shape(); s[1] != 3 || s[2] != 4*z.Shape()[2] || s[3] != 4*z.Shape()[3] {
			t.Fatalf("%v becomes %v", z, want)
		}
		if d := distance(run(t, native.New(), g, z)[0], want); !(d <= 1e-5) {
			t.Errorf("optimised and not differ by %.2g", d)
		}
		if d := distance(run(t, openORT(t), g, z)[0], want); !(d <= 2e-5) {
			t.Errorf("ONNX Runtime differs by %.2g", d)
		}
	}
}

// Every weight of the decoder trains, on either engine.
func TestSmallDecoderTrains(t *testing.T) {
	g, err := Decoder(small, 1)
	if err != nil {
		t.Fatal(err)
	}
	loss := g.ReduceMean(g.Square(g.Outputs[0]), false)
	grads, err := train.Gradients(g, loss, g.Weights)
	if err != nil {
		t.Fatal(err)
	}
	g.Outputs = nil
	for i, d := range grads {
		g.Output(fmt.Sprint("gradient ", i), d)
	}
	z := latent(2, 6, 6)
	got, want := run(t, native.New(), g, z), run(t, openORT(t), g, z)
	for i := range got {
		scale := 0.0
		for _, v := range want[i].Floats() {
			scale = max(scale, math.Abs(v))
		}
		if scale == 0 {
			t.Errorf("the gradient of %s is zero", g.Weights[i].Name)
		}
		for k, v := range want[i].Floats() {
			if d := math.Abs(got[i].Floats()[k] - v); !(d <= 1e-4*max(1, scale)) {
				t.Errorf("the gradient of %s differs by %v", g.Weights[i].Name, d)
				break
			}
		}
	}
}

// measures is what the child of TestFullDecoder tells.
type measures struct {
	Load, Compile, Run float64 // seconds
	Loaded, Peak       int64   // bytes resident at most
}

// The decoder of Stable Diffusion loads within two seconds, takes at most 1.3 times the memory of its weights and of what is
// alive at once, and gives what ONNX Runtime gives.
func TestFullDecoder(t *testing.T) {
	if !*long {
		t.Skip("the full decoder takes -long")
	}
	if goruntime.GOOS != "linux" {
		t.Skip("reads its memory from /proc")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "decoder.onnx")
	g, err := Decoder(StableDiffusion, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := importer.Save(g, path, importer.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestFullDecoderChild$")
	cmd.Env = append(os.Environ(), "ELBO_TEST_LDM="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var m measures
	text, err := os.ReadFile(filepath.Join(dir, "measures.json"))
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	z := latent(1, 64, 64)
	plan, err := native.Describe(g, map[string][]int{"z": z.Shape()})
	if err != nil {
		t.Fatal(err)
	}
	needed := int64(4*Parameters(g) + plan.Live)
	t.Logf("load %.2f s, compile %.2f s, run %.1f s; weights %d MiB, alive at once %d MiB, arena %d MiB; resident after loading %d MiB, at most %d MiB, %.2f times what is needed",
		m.Load, m.Compile, m.Run, 4*Parameters(g)>>20, plan.Live>>20, plan.Arena>>20, m.Loaded>>20, m.Peak>>20, float64(m.Peak)/float64(needed))
	if m.Load > 2 {
		t.Errorf("loading took %.2f s", m.Load)
	}
	if float64(m.Peak) > 1.3*float64(needed) {
		t.Errorf("%d MiB were resident, %d MiB are needed", m.Peak>>20, needed>>20)
	}
	got, err := npy.Read(filepath.Join(dir, "x.npy"))
	if err != nil {
		t.Fatal(err)
	}
	if d := distance(run(t, openORT(t), g, z)[0], got); !(d <= 1e-4) { // some 40 layers deep, each of which rounds
		t.Errorf("ONNX Runtime differs by %.2g", d)
	} else {
		t.Logf("differs from ONNX Runtime by %.2g", d)
	}
}

// TestFullDecoderChild loads and runs the decoder in a process of its own, whose memory is all its.
func TestFullDecoderChild(t *testing.T) {
	dir := os.Getenv("ELBO_TEST_LDM")
	if dir == "" {
		t.Skip("runs as the child of TestFullDecoder")
	}
	var m measures
	begin := time.Now()
	lap := func() float64 {
		s := time.Since(begin).Seconds()
		begin = time.Now()
		return s
	}
	g, err := importer.Load(filepath.Join(dir, "decoder.onnx"), importer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m.Load, m.Loaded = lap(), resident(t)
	p, err := native.New().Compile(g, runtime.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	m.Compile = lap()
	out := make([]*tensor.Tensor, 1)
	if err := p.Run(context.Background(), []*tensor.Tensor{latent(1, 64, 64)}, out); err != nil {
		t.Fatal(err)
	}
	m.Run, m.Peak = lap(), resident(t)
	text, err := json.Marshal(m)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "measures.json"), text, 0o644)
	}
	if err == nil {
		err = npy.Write(filepath.Join(dir, "x.npy"), out[0])
	}
	if err != nil {
		t.Fatal(err)
	}
}

// resident is the most memory that the process has held at once.
func resident(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	t.Fatal("no VmHWM in /proc/self/status")
	return 0
}
