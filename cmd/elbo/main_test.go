package main

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/elbo-ml/elbo/tensor/npy"
)

// elbo runs the command as a user would and returns its exit code, standard output and standard error.
func elbo(t testing.TB, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(context.Background(), args, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

func mustRun(t testing.TB, args ...string) string {
	t.Helper()
	code, out, errs := elbo(t, args...)
	if code != exitOK {
		t.Fatalf("elbo %s: exit %d\n%s%s", strings.Join(args, " "), code, out, errs)
	}
	return out
}

// TestFromTrainingToSamples goes through the commands as the README does, on glyphs and a small model.
func TestFromTrainingToSamples(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	bundle := in("vae.elbo")

	lines := strings.Split(strings.TrimSpace(mustRun(t, "train", "--data", "glyphs:600", "--out", bundle, "--hidden", "32", "--latent", "4", "--epochs", "3", "--seed", "1", "--json")), "\n")
	var end struct {
		Done bool
		Step int
		ELBO float64
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &end); err != nil || !end.Done || end.Step != 18 || end.ELBO > -50 || end.ELBO < -600 {
		t.Fatalf("last line of train --json: %s", lines[len(lines)-1])
	}
	var step map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &step); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"step", "epoch", "elbo", "reconstruction", "kl", "images_per_second"} {
		if _, ok := step[key].(float64); !ok {
			t.Errorf("train --json: %q is missing from %s", key, lines[0])
		}
	}

	var e map[string]any
	if err := json.Unmarshal([]byte(mustRun(t, "eval", bundle, "--data", "glyphs:200", "--k", "3", "--engine", "native", "--json")), &e); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"elbo", "reconstruction", "kl", "active_units", "k", "iwae", "n", "engine", "seconds"} {
		if _, ok := e[key]; !ok {
			t.Errorf("eval --json: %q is missing", key)
		}
	}
	if elbo, iwae := e["elbo"].(float64), e["iwae"].(float64); iwae < elbo || e["n"].(float64) != 200 {
		t.Errorf("eval: ELBO %v, importance-weighted bound %v, n %v", elbo, iwae, e["n"])
	}

	mustRun(t, "encode", bundle, "--data", "glyphs:100", "--out", in("z.npy"), "--logvar", in("lv.npy"))
	if z, err := npy.Read(in("z.npy")); err != nil || z.String() != "float32[100,4]" {
		t.Fatalf("z.npy: %v %v", z, err)
	}
	mustRun(t, "decode", bundle, in("z.npy"), "--out", in("x.npy"))
	if x, err := npy.Read(in("x.npy")); err != nil || x.String() != "float32[100,28,28]" {
		t.Errorf("x.npy: %v %v", x, err)
	}
	for _, args := range [][]string{
		{"decode", bundle, in("z.npy"), "--out", in("decoded.png")},
		{"sample", bundle, "-n", "16", "--seed", "3", "--out", in("samples.png")},
		{"reconstruct", bundle, "--data", "glyphs:20", "-n", "20", "--out", in("reconstructions.png")},
	} {
		mustRun(t, args...)
		f, err := os.Open(args[len(args)-1])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := png.Decode(f); err != nil {
			t.Errorf("%s: %v", args[len(args)-1], err)
		}
		f.Close()
	}

	mustRun(t, "export", bundle, "--out", in("onnx"))
	mustRun(t, "import", "--encoder", in("onnx/encoder.onnx"), "--decoder", in("onnx/decoder.onnx"), "--out", in("again.elbo"))
	mustRun(t, "finetune", in("again.elbo"), "--data", "glyphs:300", "--epochs", "1", "--freeze", "encoder/*", "--out", in("tuned.elbo"))
	mustRun(t, "export", in("tuned.elbo"), "--into", in("onnx/decoder.onnx"), "--out", in("decoder.onnx"))
	mustRun(t, "export", in("tuned.elbo"), "--out", in("tuned"))
	before, tuned := weights(t, in("onnx/decoder.onnx")), weights(t, in("tuned/decoder.onnx"))
	if back := weights(t, in("decoder.onnx")); !bytes.Equal(back, tuned) || bytes.Equal(back, before) {
		t.Error("the weights that went back into their file are not those of the tuned model")
	}
	mustRun(t, "finetune", bundle, "--data", "glyphs:300", "--epochs", "1", "--dropout", "sparse", "--freeze", "encoder/*", "--out", in("sparse"))
	if a, b := fileSize(t, in("onnx/encoder.onnx")), fileSize(t, in("sparse/encoder.onnx")); a/10 > b || b > a+1000 {
		t.Errorf("the frozen encoder takes %d bytes, after training %d", a, b)
	}
	mustRun(t, "eval", in("sparse"), "--data", "glyphs:100", "--batch", "1000000000") // more rows than any memory has room for
	if out := mustRun(t, "inspect", in("onnx/encoder.onnx")); !strings.Contains(out, "Gemm") || !strings.Contains(out, "[batch,28,28]") {
		t.Errorf("inspect: %s", out)
	}
	if out := mustRun(t, "inspect", bundle); !strings.Contains(out, "logits") || !strings.Contains(out, "epochs") {
		t.Errorf("inspect of a bundle: %s", out)
	}
}

func fileSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestSameSeedSameSamplesAtAnyNumber(t *testing.T) {
	dir := t.TempDir()
	few, many := filepath.Join(dir, "few.npy"), filepath.Join(dir, "many.npy")
	mustRun(t, "sample", "builtin:mnist", "-n", "3", "--seed", "5", "--engine", "native", "--out", few)
	mustRun(t, "sample", "builtin:mnist", "-n", "700", "--seed", "5", "--engine", "native", "--out", many)
	a, err := npy.Read(few)
	if err != nil {
		t.Fatal(err)
	}
	b, err := npy.Read(many)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Rows(0, 3).Bytes()) {
		t.Error("the first 3 samples of 700 are not the 3 samples")
	}
}

// The picture of the README is what its command draws, but for the last bit of a grey level: the processors' kernels
// round each in their own way. `make pictures` draws it again.
func TestPictureOfREADME(t *testing.T) {
	out := filepath.Join(t.TempDir(), "samples.png")
	mustRun(t, "sample", "builtin:mnist", "-n", "64", "--seed", "7", "--engine", "native", "--out", out)
	got, want := greys(t, out), greys(t, "../../docs/img/samples.png")
	if got.Bounds() != want.Bounds() {
		t.Fatalf("%v, in the README %v", got.Bounds(), want.Bounds())
	}
	for i, p := range got.Pix {
		if d := int(p) - int(want.Pix[i]); d < -1 || d > 1 {
			t.Fatalf("pixel %d is %d, in the README %d", i, p, want.Pix[i])
		}
	}
}

func greys(t *testing.T, path string) *image.Gray {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return m.(*image.Gray)
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "there.elbo")
	write(t, there, "not a bundle")
	cut := filepath.Join(dir, "cut.onnx")
	write(t, cut, "\x08\x08\x12\x07pytorch:\xff\xff")
	z := filepath.Join(dir, "out.npy")
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"no such command", []string{"trian"}, exitUsage, "did you mean train"},
		{"no such command of a group", []string{"ort", "remove"}, exitUsage, "ort remove"},
		{"no such flag", []string{"sample", "builtin:mnist", "--colour"}, exitUsage, "--colour"},
		{"no bundle", []string{"eval"}, exitUsage, "takes BUNDLE"},
		{"too many", []string{"verify", "a", "b"}, exitUsage, "not 2"},
		{"no out", []string{"sample", "builtin:mnist"}, exitUsage, "--out"},
		{"out of the wrong kind", []string{"sample", "builtin:mnist", "--out", filepath.Join(dir, "x.gif")}, exitUsage, ".png or .npy"},
		{"out exists", []string{"sample", "builtin:mnist", "--out", there}, exitUsage, "--force"},
		{"train over a bundle", []string{"train", "--out", there}, exitUsage, "--force"},
		{"engine unknown", []string{"eval", "builtin:mnist", "--engine", "gpu"}, exitUsage, "native, ort or auto"},
		{"split unknown", []string{"eval", "builtin:mnist", "--split", "dev"}, exitUsage, "train or test"},
		{"binarize unknown", []string{"eval", "builtin:mnist", "--binarize", "maybe"}, exitUsage, "dynamic"},
		{"optimiser unknown", []string{"train", "--out", z, "--optimizer", "lion"}, exitUsage, "adam"},
		{"no epochs", []string{"train", "--out", z, "--epochs", "0"}, exitUsage, "--epochs"},
		{"activation unknown", []string{"train", "--out", z, "--activation", "swoosh"}, exitUsage, "softplus"},
		{"provider unknown", []string{"eval", "builtin:mnist", "--provider", "abacus"}, exitUsage, "webgpu"},
		{"a word for a number", []string{"eval", "builtin:mnist", "--k", "many"}, exitUsage, "--k takes a whole number, not \"many\""},
		{"a number for a time", []string{"serve", "builtin:mnist", "--grace", "10"}, exitUsage, "--grace takes a time such as 90s"},
		{"more threads than any machine", []string{"eval", "builtin:mnist", "--threads", "100000"}, exitUsage, "--threads must be 0 (one per core)"},
		{"completion for no shell", []string{"completion", "tcsh"}, exitUsage, "completion tcsh"},
		{"negative decay", []string{"train", "--out", z, "--weight-decay", "-1"}, exitUsage, "--weight-decay"},
		{"a server without time", []string{"serve", "builtin:mnist", "--timeout", "-1s"}, exitUsage, "--timeout"},
		{"a model without a bundle", []string{"serve", "digits="}, exitUsage, "NAME=BUNDLE"},
		{"an address without a port", []string{"serve", "builtin:mnist", "--addr", "localhost"}, exitFailure, "HOST:PORT"},
		{"no units", []string{"train", "--out", z, "--hidden", "10,0"}, exitUsage, "--hidden"},
		{"a KL weight of none", []string{"train", "--out", z, "--kl-weight", "0"}, exitUsage, "--kl-weight"},
		{"train over a folder of other things", []string{"train", "--force", "--out", dir}, exitFailure, "no part of a bundle"},
		{"one file for two", []string{"encode", "builtin:mnist", "--out", z, "--logvar", z}, exitUsage, "two files"},
		{"fewer than no rows", []string{"encode", "builtin:mnist", "--out", z, "--limit", "-1"}, exitUsage, "--limit"},
		{"two models of a name", []string{"serve", "builtin:mnist", "builtin:mnist", "--addr", "127.0.0.1:0"}, exitUsage, "NAME=builtin:mnist"},
		{"negative batch", []string{"train", "--out", z, "--batch", "-1"}, exitUsage, "--batch"},
		{"resume and force", []string{"train", "--out", z, "--resume", "--force"}, exitUsage, "one of them"},
		{"no such part", []string{"reproduce", "aevb", "--part", "figure9", "--out", filepath.Join(dir, "r")}, exitUsage, "figure2, figure3, manifolds, burda"},
		{"a flow of no kind", []string{"train", "--out", z, "--flow", "spline"}, exitUsage, "realnvp"},
		{"a flow of no steps", []string{"train", "--out", z, "--flow", "iaf", "--flow-steps", "0"}, exitUsage, "--flow-steps"},
		{"an objective of no kind", []string{"train", "--out", z, "--objective", "mle"}, exitUsage, "iwae"},
		{"wake-sleep with free bits", []string{"train", "--out", z, "--data", "glyphs:200", "--objective", "wake-sleep", "--free-bits", "1"}, exitUsage, "--free-bits"},
		{"an estimator of no kind", []string{"eval", "builtin:mnist", "--estimator", "luck"}, exitUsage, "ais"},
		{"no chains", []string{"eval", "builtin:mnist", "--estimator", "ais", "--chains", "0"}, exitUsage, "--chains"},
		{"no draws", []string{"train", "--out", z, "--k", "0"}, exitUsage, "--k"},
		{"k of none", []string{"eval", "builtin:mnist", "--k", "0"}, exitUsage, "--k"},
		{"import of half", []string{"import", "--encoder", cut, "--out", z}, exitUsage, "give both"},
		{"range upside down", []string{"import", "--encoder", cut, "--decoder", cut, "--range", "1,0", "--out", z}, exitUsage, "LOW,HIGH"},
		{"role without name", []string{"import", "--encoder", cut, "--decoder", cut, "--role", "mu", "--out", z}, exitUsage, "ROLE=NAME"},
		{"no such bundle", []string{"eval", filepath.Join(dir, "none.elbo")}, exitFailure, "none.elbo"},
		{"a device", []string{"eval", os.DevNull}, exitFailure, "neither a file nor a folder"},
		{"not a bundle", []string{"eval", there}, exitFailure, "there.elbo"},
		{"no such built-in", []string{"eval", "builtin:imagenet"}, exitFailure, "builtin:mnist"},
		{"no such data", []string{"eval", "builtin:mnist", "--data", filepath.Join(dir, "none")}, exitFailure, "a .npy or .npz file"},
		{"data of the wrong size", []string{"eval", "builtin:mnist", "--data", "glyphs:10?size=20"}, exitFailure, "28"},
		{"a cut ONNX file", []string{"inspect", cut}, exitFailure, "cut.onnx"},
		{"import of a cut file", []string{"import", "--encoder", cut, "--decoder", cut, "--out", z}, exitFailure, "cut.onnx"},
		{"a plan of no rows", []string{"inspect", "builtin:mnist", "--plan", "--batch", "0"}, exitUsage, "--batch"},
		{"a batch without a plan", []string{"inspect", "builtin:mnist", "--batch", "3"}, exitUsage, "--plan"},
		{"a training step of a file", []string{"inspect", cut, "--plan", "--train"}, exitUsage, "elbo import"},
		{"a plan of a cut file", []string{"inspect", cut, "--plan"}, exitFailure, "cut.onnx"},
		{"a plan of nothing", []string{"inspect", filepath.Join(dir, "none.onnx"), "--plan"}, exitFailure, "none.onnx"},
		{"a profile that is no JSON", []string{"sample", "builtin:mnist", "--out", z, "--profile", "trace.txt"}, exitUsage, "--profile trace.txt"},
		{"a profile in no folder", []string{"sample", "builtin:mnist", "--out", z, "--profile", filepath.Join(dir, "no", "t.json")}, exitFailure, "no such file or directory"},
		{"a bench of no rows", []string{"bench", "builtin:mnist", "--batch", "8,0"}, exitUsage, "--batch"},
		{"a bench of too many rows", []string{"bench", "builtin:mnist", "--batch", "100000000"}, exitUsage, "65536"},
		{"a bench of negative threads", []string{"bench", "builtin:mnist", "--threads=-1"}, exitUsage, "--threads"},
		{"a bench of no time", []string{"bench", "builtin:mnist", "--time", "0s"}, exitUsage, "--time"},
		{"a plot of another kind", []string{"bench", "builtin:mnist", "--plot", "x.gif"}, exitUsage, ".png or .svg"},
		{"a plot in no folder", []string{"bench", "builtin:mnist", "--plot", filepath.Join(dir, "no", "x.png")}, exitFailure, "--plot"},
		{"results in no folder", []string{"bench", "builtin:mnist", "--out", filepath.Join(dir, "no", "x.json")}, exitFailure, "--out"},
		{"a bench of nothing", []string{"bench", filepath.Join(dir, "none.elbo")}, exitFailure, "none.elbo"},
		{"no such data set", []string{"data", "get", "imagenet"}, exitFailure, "mnist"},
		{"dropout of no kind", []string{"finetune", "builtin:mnist", "--data", "glyphs:200", "--dropout", "wet", "--out", filepath.Join(dir, "f.elbo")}, exitUsage, "variational-a2"},
		{"a threshold of no pruning", []string{"finetune", "builtin:mnist", "--data", "glyphs:200", "--dropout", "binary", "--dropout-threshold", "2", "--out", filepath.Join(dir, "f.elbo")}, exitUsage, "--dropout sparse prunes"},
		{"dropout of everything", []string{"finetune", "builtin:mnist", "--data", "glyphs:200", "--dropout", "binary", "--dropout-rate", "1", "--out", filepath.Join(dir, "f.elbo")}, exitUsage, "below 1"},
		{"freeze of nothing", []string{"finetune", "builtin:mnist", "--data", "glyphs:200", "--freeze", "neck/*", "--out", filepath.Join(dir, "f.elbo")}, exitFailure, "neck/*"},
		{"no folder for out", []string{"sample", "builtin:mnist", "--out", filepath.Join(dir, "no", "x.npy")}, exitFailure, "no/x.npy"},
		{"address that is none", []string{"serve", "builtin:mnist", "--addr", "nowhere"}, exitFailure, "nowhere"},
		{"model name that is none", []string{"serve", "a/b=builtin:mnist", "--addr", "127.0.0.1:0"}, exitUsage, "a/b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, errs := elbo(t, c.args...)
			if code != c.code || !strings.Contains(errs, c.says) {
				t.Errorf("exit %d, want %d; standard error must say %q:\n%s%s", code, c.code, c.says, out, errs)
			}
			if lines := strings.Count(strings.TrimSpace(errs), "\n"); lines > 0 {
				t.Errorf("more than one clear line:\n%s", errs)
			}
		})
	}
}

// Posterior, prior, bound and body of the command line go into a bundle that is evaluated, sampled and trained further.
func TestDeepModels(t *testing.T) {
	dir := t.TempDir()
	for name, args := range map[string][]string{
		"iaf":    {"--flow", "iaf", "--flow-steps", "2", "--flow-width", "8", "--prior", "vampprior", "--prior-size", "6", "--free-bits", "0.1"},
		"resnet": {"--model", "resnet", "--hidden", "4", "--weight-norm", "--objective", "dreg", "--k", "3"},
		"levels": {"--latent-layers", "3,2", "--inference", "bottom-up", "--hidden", "8", "--flow", "iaf", "--flow-steps", "1", "--weight-prior", "1"},
		"past":   {"--autoregressive", "6", "--flow", "planar", "--flow-steps", "1", "--likelihood", "discretized_logistic", "--hidden", "8"},
		"flow":   {"--prior", "flow", "--prior-size", "2", "--objective", "iwae", "--k", "5", "--free-bits", "0.25", "--hidden", "8"},
	} {
		out := filepath.Join(dir, name+".elbo")
		if name != "levels" {
			args = append(args, "--latent", "3")
		}
		mustRun(t, append([]string{"train", "--data", "glyphs:100", "--steps", "3", "--batch", "20", "--out", out}, args...)...)
		if got := mustRun(t, "eval", out, "--data", "glyphs:50", "--k", "3", "--engine", "native"); !strings.Contains(got, "log p(x) >=") {
			t.Errorf("%s: eval prints %s", name, got)
		}
		mustRun(t, "sample", out, "-n", "4", "--engine", "native", "--out", filepath.Join(dir, name+".png"))
		mustRun(t, "export", out, "--out", filepath.Join(dir, name))
		if _, err := os.Stat(filepath.Join(dir, name, "posterior.onnx")); err != nil && name != "resnet" {
			t.Error(err)
		}
		mustRun(t, "finetune", out, "--data", "glyphs:100", "--steps", "2", "--batch", "20", "--out", filepath.Join(dir, name+"2.elbo"))
	}
}

// Weights under the masks of a MADE cannot be pruned, and the line that says so, and what to do, comes before any training.
func TestSparseDropoutOnMaskedWeights(t *testing.T) {
	dir := t.TempDir()
	iaf, out := filepath.Join(dir, "iaf.elbo"), filepath.Join(dir, "sparse.elbo")
	mustRun(t, "train", "--data", "glyphs:100", "--latent", "3", "--hidden", "8", "--steps", "2", "--batch", "20", "--flow", "iaf", "--flow-steps", "1", "--flow-width", "8", "--out", iaf)
	args := []string{"finetune", iaf, "--data", "glyphs:100", "--steps", "2", "--batch", "20", "--dropout", "sparse", "--out", out}
	code, stdout, stderr := elbo(t, args...)
	if code != exitFailure || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "flow1/step/fc1.weight") || !strings.Contains(stderr, "--dropout-only") || stdout != "" {
		t.Errorf("code %d, %q, %q", code, stdout, stderr)
	}
	if left, err := filepath.Glob(out + "*"); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
	mustRun(t, append(args, "--dropout-only", "decoder/*,encoder/*")...)
}

// An option that the model has no place for is told, whatever the model: nothing is trained without it.
func TestOptionsWithoutAPlace(t *testing.T) {
	out := filepath.Join(t.TempDir(), "x.elbo")
	m2 := []string{"--labels", "glyphs:100", "--labelled", "20"}
	for _, c := range []struct {
		args  []string
		tells string
	}{
		{append(m2, "--flow", "iaf"), "--flow has no effect"},
		{append(m2, "--autoregressive", "5"), "not of a model that learns from labels"},
		{append(m2, "--objective", "iwae"), "--objective has no effect"},
		{append(m2, "--free-bits", "1"), "--free-bits has no effect"},
		{append(m2, "--components", "4"), "--components has no effect"},
		{append(m2, "--m1", "m1.elbo", "--likelihood", "gaussian"), "an --m1's features"},
		{[]string{"--inference", "bottom-up"}, "--latent-layers"},
		{[]string{"--flow-steps", "2"}, "a VAE with a --flow"},
		{[]string{"--flow", "planar", "--flow-width", "20"}, "iaf, maf or realnvp"},
		{[]string{"--prior-size", "7"}, "vampprior or flow"},
		{[]string{"--components", "3"}, "logistic_mixture"},
		{[]string{"--latent-layers", "2,2", "--latent", "7"}, "one stochastic layer"},
		{[]string{"--objective", "wake-sleep", "--kl-warmup", "1"}, "no KL weight"},
	} {
		args := append([]string{"train", "--data", "glyphs:100", "--steps", "1", "--out", out}, c.args...)
		if code, _, stderr := elbo(t, args...); code == exitOK || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.tells) {
			t.Errorf("%v: exit %d, %q, want %q", c.args, code, stderr, c.tells)
		}
	}
	for _, flag := range []string{"--dropout-rate=0.2", "--dropout-per=unit", "--dropout-only=decoder/*", "--dropout-threshold=2"} {
		if code, _, stderr := elbo(t, "finetune", "builtin:mnist", "--data", "glyphs:100", "--steps", "1", "--out", out, flag); code != exitUsage || !strings.Contains(stderr, "a training under --dropout") {
			t.Errorf("%s: exit %d, %q", flag, code, stderr)
		}
	}
}

// A model that wake-sleep trained is evaluated by either estimator, each of which says what it is.
func TestEstimators(t *testing.T) {
	out := filepath.Join(t.TempDir(), "w.elbo")
	mustRun(t, "train", "--data", "glyphs:200", "--hidden", "16", "--latent", "2", "--steps", "20", "--objective", "wake-sleep", "--out", out)
	for estimator, args := range map[string][]string{"ais": {"--chains", "4", "--temperatures", "20"}, "hmc": {"--draws", "10"}} {
		args = append([]string{"eval", out, "--data", "glyphs:100", "--limit", "5", "--estimator", estimator}, args...)
		if got := mustRun(t, args...); !strings.Contains(got, "("+estimator+"), standard error") {
			t.Errorf("eval prints %s", got)
		}
		if got := mustRun(t, append(args, "--json")...); !strings.Contains(got, `"log_prob":-`) || !strings.Contains(got, `"elbo":-`) {
			t.Errorf("eval prints %s", got)
		}
	}
}

// Grey values are what a Gaussian model is of: they stay as they are unless somebody says otherwise.
func TestContinuousDataIsNotBinarised(t *testing.T) {
	out := filepath.Join(t.TempDir(), "g.elbo")
	mustRun(t, "train", "--data", "glyphs:200", "--likelihood", "gaussian", "--hidden", "8", "--latent", "2", "--steps", "2", "--out", out)
	if got := mustRun(t, "inspect", out); !strings.Contains(got, "binarize         none") {
		t.Errorf("trained on\n%s", got)
	}
	for arg, want := range map[string]string{"": `"binarize":"none"`, "--binarize=threshold": `"binarize":"threshold"`} {
		args := []string{"eval", out, "--data", "glyphs:100", "--json"}
		if arg != "" {
			args = append(args, arg)
		}
		if got := mustRun(t, args...); !strings.Contains(got, want) {
			t.Errorf("%q: %s, want %s", arg, got, want)
		}
	}
}

func TestTrainingTellsMachinesHowItGoes(t *testing.T) {
	out := filepath.Join(t.TempDir(), "m.elbo")
	text := mustRun(t, "train", "--data", "glyphs:200", "--hidden", "8", "--latent", "2", "--batch", "50", "--steps", "6", "--log-every", "3", "--json", "--out", out)
	type line struct {
		Step, Epoch     int
		ELBO            float64
		ImagesPerSecond float64 `json:"images_per_second"`
		Done            bool
	}
	var lines []line
	for dec := json.NewDecoder(strings.NewReader(text)); dec.More(); {
		var l line
		if err := dec.Decode(&l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	if len(lines) != 3 {
		t.Fatalf("%d lines, want one for steps 3 and 6 and one for the end:\n%s", len(lines), text)
	}
	for i, want := range []line{{Step: 3, Epoch: 1}, {Step: 6, Epoch: 2}, {Step: 6, Epoch: 2, Done: true}} {
		got := lines[i]
		if got.Step != want.Step || got.Epoch != want.Epoch || got.Done != want.Done || !(got.ELBO < 0) || !(got.ImagesPerSecond > 0) {
			t.Errorf("line %d: %+v, want %+v", i, got, want)
		}
	}
}

// full is a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestResultsThatGetLostAreAFailure(t *testing.T) {
	for _, args := range [][]string{{"eval", "builtin:mnist", "--data", "glyphs:20"}, {"data", "list"}, {"inspect", "builtin:mnist", "--json"}, {"sample", "--help"}} {
		var errs bytes.Buffer
		if code := run(t.Context(), args, strings.NewReader(""), full{}, &errs); code != exitFailure || !strings.Contains(errs.String(), "free some space") {
			t.Errorf("%v: exit %d: %s", args, code, errs.String())
		}
	}
}

func TestServeSaysThatAnAddressIsInUse(t *testing.T) {
	l, err := listen(context.Background(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	code, _, errs := elbo(t, "serve", "builtin:mnist", "--addr", l.Addr().String())
	if code != exitFailure || !strings.Contains(errs, "in use") || !strings.Contains(errs, "--addr") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	a := &app{out: io.Discard, err: io.Discard}
	for _, cmd := range a.root().Commands() {
		leaves := cmd.Commands()
		if len(leaves) == 0 {
			leaves = append(leaves, cmd)
		}
		for _, c := range leaves {
			if c.Example == "" || c.Short == "" {
				t.Errorf("%s: short %q, example %q", c.CommandPath(), c.Short, c.Example)
			}
		}
	}
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if out := mustRun(t, "completion", shell); !strings.Contains(out, "elbo") {
			t.Errorf("completion %s: %.80s", shell, out)
		}
	}
	if out := mustRun(t, "__complete", "data", "get", ""); !strings.Contains(out, "fashion-mnist") {
		t.Errorf("completion of data get: %s", out)
	}
	if out := mustRun(t, "__complete", "eval", "--engine", ""); !strings.Contains(out, "native") {
		t.Errorf("completion of --engine: %s", out)
	}
}

func TestResumeAfterAnInterruptedTraining(t *testing.T) {
	dir := t.TempDir()
	whole, parts := filepath.Join(dir, "whole.elbo"), filepath.Join(dir, "parts.elbo")
	args := func(out string, more ...string) []string {
		return append([]string{"train", "--data", "glyphs:400", "--hidden", "16", "--latent", "3", "--epochs", "2", "--checkpoint-every", "2", "--json", "--out", out}, more...)
	}
	mustRun(t, args(whole)...)
	ctx, cancel := context.WithCancel(context.Background())
	var out, errs bytes.Buffer
	cut := &cutAfter{w: &out, cancel: cancel}
	if code := run(ctx, args(parts, "--log-every", "1"), strings.NewReader(""), cut, &errs); code != exitFailure || !strings.Contains(errs.String(), "--resume") {
		t.Fatalf("an interrupted training: exit %d %s%s", code, out.String(), errs.String())
	}
	if code, _, errs := elbo(t, args(parts)...); code != exitUsage || !strings.Contains(errs, "--resume") {
		t.Errorf("starting again over checkpoints: exit %d %s", code, errs)
	}
	mustRun(t, args(parts, "--resume")...)
	for _, part := range []string{"encoder.onnx", "decoder.onnx"} {
		mustRun(t, "export", whole, "--force", "--out", filepath.Join(dir, "a"))
		mustRun(t, "export", parts, "--force", "--out", filepath.Join(dir, "b"))
		a, b := weights(t, filepath.Join(dir, "a", part)), weights(t, filepath.Join(dir, "b", part))
		if !bytes.Equal(a, b) {
			t.Errorf("%s: the resumed training ended with other weights", part)
		}
	}
}

// cutAfter cancels a training once it has written its first line.
type cutAfter struct {
	w      io.Writer
	cancel func()
}

func (c *cutAfter) Write(b []byte) (int, error) {
	c.cancel()
	return c.w.Write(b)
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}
