package models

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/tensor"
)

// reopened is v after being saved and opened again.
func reopened(t testing.TB, v *VAE) *VAE {
	t.Helper()
	path := filepath.Join(t.TempDir(), "again.elbo")
	if err := v.Save(path, SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	w, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func small(t testing.TB, opts ...Option) *VAE {
	t.Helper()
	v, err := New(Config{Shape: []int{4, 4}, Latent: 3, Hidden: []int{5}, Seed: 9}, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

func sample(t testing.TB, v *VAE) []float32 {
	t.Helper()
	x, err := v.Sample(context.Background(), 3, Seed(4))
	if err != nil {
		t.Fatal(err)
	}
	return tensor.Data[float32](x)
}

func TestBundleRoundTrip(t *testing.T) {
	for _, name := range []string{"m.elbo", "folder"} {
		t.Run(name, func(t *testing.T) {
			v := small(t, WithName("toy"))
			path := filepath.Join(t.TempDir(), name)
			recipe := map[string]string{"epochs": "3", "seed": "9"}
			if err := v.Save(path, SaveOptions{Recipe: recipe}); err != nil {
				t.Fatal(err)
			}
			w, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if d := cmp.Diff(sample(t, v), sample(t, w)); d != "" {
				t.Errorf("samples changed on the way: %s", d)
			}
			m := w.Manifest()
			if m.Name != "toy" || m.Latent != 3 || m.Likelihood != Bernoulli || !cmp.Equal(m.Training, recipe) {
				t.Errorf("manifest is %+v", m)
			}
			if got := w.decoder.graph.Property("elbo.training.epochs"); got != "3" {
				t.Errorf("the decoder's metadata tell epochs = %q, want 3", got)
			}
			again := filepath.Join(t.TempDir(), "again.elbo")
			if err := w.Save(again, SaveOptions{}); err != nil {
				t.Fatal(err)
			}
			x, err := Open(again)
			if err != nil {
				t.Fatal(err)
			}
			defer x.Close()
			if d := cmp.Diff(m, x.Manifest()); d != "" {
				t.Errorf("the manifest changes by being opened and saved: %s", d)
			}
		})
	}
}

// Every part of an .elbo file stands in it as it is: a slice of the file.
func TestArchiveIsStored(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.elbo")
	if err := small(t).Save(path, SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	b := readFile(t, path)
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		at, err := f.DataOffset()
		if err != nil || f.Method != zip.Store {
			t.Fatalf("%s: method %d, %v", f.Name, f.Method, err)
		}
		r, _ := f.Open()
		var content bytes.Buffer
		if _, err := content.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(content.Bytes(), b[at:at+int64(f.UncompressedSize64)]) {
			t.Errorf("%s is not a slice of the file", f.Name)
		}
	}
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSaveRefusesWhatIsThere(t *testing.T) {
	v := small(t)
	for _, name := range []string{"m.elbo", "folder", "folder/"} {
		dir := t.TempDir()
		path := dir + "/" + name // Join would drop the slash
		if err := v.Save(path, SaveOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := v.Save(path, SaveOptions{}); !errors.Is(err, ErrExists) {
			t.Errorf("%s: saving twice gives %v", name, err)
		}
		if err := v.Save(path, SaveOptions{Force: true, Recipe: map[string]string{"n": "2"}}); err != nil {
			t.Errorf("%s: with Force: %v", name, err)
		}
		w, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		w.Close()
		if w.Manifest().Training["n"] != "2" {
			t.Errorf("%s: the old bundle is still there", name)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 1 {
			t.Errorf("%s: %d names beside the bundle: %v", name, len(entries)-1, err)
		}
	}
}

func TestSaveNeedsAFolder(t *testing.T) {
	for _, path := range []string{"", filepath.Join(t.TempDir(), "none", "m.elbo"), filepath.Join(t.TempDir(), "none", "m")} {
		if err := small(t).Save(path, SaveOptions{}); err == nil || strings.Contains(err.Error(), ".tmp") {
			t.Errorf("saving to %q gives %v", path, err)
		}
	}
}

// Force replaces a bundle, never a folder of the user's own files.
func TestForceKeepsForeignFolders(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.txt"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := small(t).Save(dir, SaveOptions{Force: true}); !errors.Is(err, ErrExists) {
		t.Errorf("saving over a folder of other files gives %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "thesis.txt")); err != nil {
		t.Errorf("the file is gone: %v", err)
	}
}

// damage is a change to a bundle's files and what the error must tell.
var damages = map[string]struct {
	change func(files map[string][]byte)
	tells  []string
}{
	"a flipped bit":          {func(f map[string][]byte) { f["decoder.onnx"][100] ^= 1 }, []string{"decoder.onnx", "checksum"}},
	"a cut part":             {func(f map[string][]byte) { f["encoder.onnx"] = f["encoder.onnx"][:50] }, []string{"encoder.onnx", "checksum"}},
	"no manifest":            {func(f map[string][]byte) { delete(f, "elbo.json") }, []string{"elbo.json"}},
	"a missing part":         {func(f map[string][]byte) { delete(f, "encoder.onnx") }, []string{"encoder.onnx", "missing"}},
	"no JSON":                {func(f map[string][]byte) { f["elbo.json"] = []byte("hello") }, []string{"elbo.json", "not a manifest"}},
	"two objects":            {func(f map[string][]byte) { f["elbo.json"] = append(f["elbo.json"], "{}"...) }, []string{"elbo.json"}},
	"a newer version":        {manifestWith("version", 3), []string{"version is 3", "newer elbo"}},
	"another kind":           {manifestWith("kind", "gan"), []string{"gan"}},
	"a negative row":         {manifestWith("shape", []int{-4, -4}), []string{"shape"}},
	"a huge row":             {manifestWith("shape", []int{1 << 31, 1 << 31, 4}), []string{"shape"}},
	"another row":            {manifestWith("shape", []int{5, 5}), []string{"encoder", "[5,5]"}},
	"other units":            {manifestWith("latent", 7), []string{"latent", "decoder", "not a pair"}},
	"an odd family":          {manifestWith("likelihood", "cauchy"), []string{"cauchy", "bernoulli"}},
	"a step that is missing": {manifestWith("posterior", []string{"flow1"}), []string{"flow1"}},
	"a step over and over":   {manifestWith("posterior", []string{"decoder", "decoder"}), []string{"decoder", "twice"}},
	"a zero scale":           {manifestWith("preprocessing", map[string]float64{"scale": 0}), []string{"scale"}},
	"a way out": {manifestWith("parts", map[string]any{"encoder": map[string]any{"file": "../encoder.onnx", "sha256": strings.Repeat("0", 64)}}),
		[]string{"../encoder.onnx", "plain name"}},
	"swapped parts": {func(f map[string][]byte) {
		var m Manifest
		if err := json.Unmarshal(f["elbo.json"], &m); err != nil {
			panic(err)
		}
		e, d := m.Parts["encoder"], m.Parts["decoder"]
		e.File, d.File, e.SHA256, d.SHA256 = d.File, e.File, d.SHA256, e.SHA256
		m.Parts["encoder"], m.Parts["decoder"] = e, d
		f["elbo.json"], _ = json.Marshal(m)
	}, []string{"decoder", `"z"`, "[x]"}},
}

func manifestWith(key string, value any) func(map[string][]byte) {
	return func(f map[string][]byte) {
		var m map[string]any
		if err := json.Unmarshal(f["elbo.json"], &m); err != nil {
			panic(err)
		}
		m[key] = value
		f["elbo.json"], _ = json.Marshal(m)
	}
}

func TestDamagedBundlesAreToldApart(t *testing.T) {
	for name, c := range damages {
		t.Run(name, func(t *testing.T) {
			content, err := small(t).bundle().content(SaveOptions{})
			if err != nil {
				t.Fatal(err)
			}
			files := map[string][]byte{}
			for _, f := range content {
				files[f.name] = bytes.Clone(f.bytes)
			}
			c.change(files)
			dir := t.TempDir()
			for name, b := range files {
				if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			_, err = Open(dir)
			if !errors.Is(err, ErrBundle) {
				t.Fatalf("the error is %v", err)
			}
			for _, want := range append(c.tells, dir) {
				if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%q does not tell of %s in one line", err, want)
				}
			}
		})
	}
}

// A bundle of a kind and of parts that a VAE knows nothing of is read and written like any other.
func TestBundleOfAnotherKind(t *testing.T) {
	b := small(t).bundle()
	b.Manifest.Kind = "m2"
	b.Manifest.Parts["classifier"] = Part{Inputs: map[string]string{"x": "x"}, Outputs: map[string]string{"logits": "mean"}}
	b.Graphs["classifier"] = b.Graphs["encoder"]
	path := filepath.Join(t.TempDir(), "m2.elbo")
	if err := b.Save(path, SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	c, err := OpenBundle(path)
	if err != nil {
		t.Fatal(err)
	}
	roles := c.Manifest.Parts["classifier"]
	if c.Manifest.Version != 2 || len(c.Graphs) != 3 || roles.File != "classifier.onnx" || roles.Outputs["logits"] != "mean" {
		t.Errorf("%+v", c.Manifest)
	}
	if _, err := Open(path); !errors.Is(err, ErrBundle) || !strings.Contains(err.Error(), `of kind "m2"`) {
		t.Errorf("opened as a VAE it gives %v", err)
	}
	b.Graphs["classifier"] = nil
	if err := b.Save(filepath.Join(t.TempDir(), "half.elbo"), SaveOptions{}); err == nil || !strings.Contains(err.Error(), "classifier") {
		t.Errorf("a part without a graph is saved: %v", err)
	}
	b.Manifest.Parts["Odd Name"] = Part{}
	b.Graphs["Odd Name"] = b.Graphs["encoder"]
	if err := b.Save(filepath.Join(t.TempDir(), "odd.elbo"), SaveOptions{}); err == nil {
		t.Error("a part of an odd name is saved")
	}
}

func TestHostileArchives(t *testing.T) {
	entry := func(name string, method uint16, content string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	whole := filepath.Join(t.TempDir(), "m.elbo")
	if err := small(t).Save(whole, SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		bytes []byte
		tells string
	}{
		"a name that climbs out": {entry("../../etc/passwd", zip.Store, "x"), "plain names"},
		"a compressed entry":     {entry("elbo.json", zip.Deflate, strings.Repeat("{", 10000)), "stored"},
		"no bundle":              {entry("readme.txt", zip.Store, "x"), "elbo.json"},
		"a long manifest":        {entry("elbo.json", zip.Store, strings.Repeat(" ", maxManifest+1)), "allowed"},
		"deep nesting":           {entry("elbo.json", zip.Store, strings.Repeat("[", 500000)), "not a manifest"},
		"no zip":                 {[]byte("hello"), "not an .elbo file"},
		"cut short":              {readFile(t, whole)[:2000], "cut short"},
		"empty":                  {nil, "not an .elbo file"},
	} {
		path := filepath.Join(t.TempDir(), "m.elbo")
		if err := os.WriteFile(path, c.bytes, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); !errors.Is(err, ErrBundle) || !strings.Contains(err.Error(), c.tells) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpenWhatIsNoBundle(t *testing.T) {
	dir := t.TempDir()
	for path, tells := range map[string]string{
		filepath.Join(dir, "none.elbo"): "no such file",
		dir:                             "elbo.json",
		"builtin:faces":                 "no built-in model",
	} {
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), tells) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// A folder whose part is a link to outside of it is not followed.
func TestFolderLinksStayInside(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "m")
	v := small(t)
	if err := v.Save(outside, SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "elbo.json"), readFile(t, filepath.Join(outside, "elbo.json")), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(outside, "encoder.onnx"), filepath.Join(dir, "encoder.onnx")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	if _, err := Open(dir); !errors.Is(err, ErrBundle) {
		t.Errorf("a link that leads out of the folder gives %v", err)
	}
}

func FuzzArchive(f *testing.F) {
	v, err := New(Config{Shape: []int{2}, Latent: 1, Hidden: []int{1}})
	if err != nil {
		f.Fatal(err)
	}
	content, err := v.bundle().content(SaveOptions{})
	if err != nil {
		f.Fatal(err)
	}
	var b bytes.Buffer
	if err := writeZip(&b, content); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(b.Bytes()[:b.Len()/2])
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := newArchive(bytes.NewReader(b), int64(len(b)), func() error { return nil })
		if err != nil {
			return
		}
		v, err := read(a, settings{})
		if err != nil {
			return
		}
		v.Close()
	})
}

// FuzzParts changes the graphs of a bundle whose checksums are right.
func FuzzParts(f *testing.F) {
	v, err := New(Config{Shape: []int{2}, Latent: 1, Hidden: []int{1}})
	if err != nil {
		f.Fatal(err)
	}
	content, err := v.bundle().content(SaveOptions{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content[1].bytes, content[2].bytes)
	f.Add(content[2].bytes, content[1].bytes)
	f.Fuzz(func(t *testing.T, encoder, decoder []byte) {
		m := v.Manifest()
		for name, b := range map[string][]byte{"encoder": encoder, "decoder": decoder} {
			p := m.Parts[name]
			p.SHA256 = checksum(b)
			m.Parts[name] = p
		}
		manifest, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		w, err := read(memoryFiles{"elbo.json": manifest, "encoder.onnx": encoder, "decoder.onnx": decoder}, settings{})
		if err != nil {
			return
		}
		defer w.Close()
		if _, err := w.Sample(context.Background(), 1); err != nil {
			t.Logf("a bundle that opens does not sample: %v", err)
		}
		if _, err := w.Objective(); err != nil {
			t.Logf("a bundle that opens does not train: %v", err)
		}
	})
}

// FuzzDeepParts changes the parts between encoder and decoder of a bundle whose checksums are right.
func FuzzDeepParts(f *testing.F) {
	var all []*Bundle
	for _, name := range []string{"iaf and vampprior", "flow prior", "levels with iaf"} {
		v, err := New(richConfigs()[name])
		if err != nil {
			f.Fatal(err)
		}
		b := v.bundle()
		content, err := b.content(SaveOptions{})
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, b)
		for _, c := range content[1:] {
			f.Add(uint8(len(all)-1), uint8(0), c.bytes)
			f.Add(uint8(len(all)-1), uint8(3), c.bytes)
		}
	}
	f.Fuzz(func(t *testing.T, model, part uint8, text []byte) {
		b := all[int(model)%len(all)]
		g, err := importer.Unmarshal(text, importer.Options{})
		if err != nil {
			return
		}
		names := slices.Sorted(maps.Keys(b.Graphs))
		name := names[int(part)%len(names)]
		c := &Bundle{Manifest: b.Manifest.clone(), Graphs: maps.Clone(b.Graphs)}
		c.Graphs[name] = g
		v, err := c.vae(settings{})
		if err != nil {
			return
		}
		defer v.Close()
		if _, err := v.Score(context.Background(), pictures(2, v.manifest.Shape...), ScoreOptions{}); err != nil {
			t.Logf("a bundle that opens does not score: %v", err)
		}
		if _, err := v.Sample(context.Background(), 1); err != nil {
			t.Logf("a bundle that opens does not sample: %v", err)
		}
		if _, err := v.Objective(); err != nil {
			t.Logf("a bundle that opens does not train: %v", err)
		}
	})
}

type memoryFiles map[string][]byte

func (m memoryFiles) read(name string, _ int64) ([]byte, error) { return bytes.Clone(m[name]), nil }
func (m memoryFiles) Close() error                              { return nil }

func FuzzManifest(f *testing.F) {
	v, err := New(Config{Shape: []int{2}, Latent: 1, Hidden: []int{1}})
	if err != nil {
		f.Fatal(err)
	}
	content, err := v.bundle().content(SaveOptions{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content[0].bytes)
	f.Add([]byte(`{"version":1,"shape":[9223372036854775807,2]}`))
	f.Add([]byte(`{"parts":{"encoder":null}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseManifest(b)
		if err != nil {
			return
		}
		again, err := json.Marshal(m)
		if err != nil {
			t.Fatalf("a manifest that was read cannot be written: %v", err)
		}
		if _, err := parseManifest(again); err != nil {
			t.Fatalf("a manifest that was written cannot be read: %v", err)
		}
	})
}
