package importer

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
	"github.com/elbo-ml/elbo/tensor"
)

func TestSaveAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "encoder.onnx")
	g := encoder(t)
	if err := Save(g, path, SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	back, err := Load(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(marshal(t, back), marshal(t, g)) {
		t.Error("another model came back")
	}
	if err := Save(g, path, SaveOptions{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file was replaced without being asked for: %v", err)
	}
	if err := Save(g, path, SaveOptions{Force: true}); err != nil {
		t.Error(err)
	}
	onlyFiles(t, filepath.Dir(path), "encoder.onnx")
}

func onlyFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if strings.Join(names, " ") != strings.Join(want, " ") {
		t.Errorf("the folder holds %v, want %v", names, want)
	}
}

// A mapped model's weights may be written to; the file stays as it is.
func TestMappedWeightsArePrivate(t *testing.T) {
	g := graph.New("big")
	w := tensor.New(tensor.Float32, 1<<10, 1<<11) // 8 MiB, past mapFrom
	g.Output("y", g.Mul(g.Input("x", 1<<11), g.Weight("w", w)))
	path := filepath.Join(t.TempDir(), "big.onnx")
	if err := Save(g, path, SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		back, err := Load(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		data := tensor.Data[float32](back.Value("w").Data)
		if data[5] != 0 {
			t.Fatal("the file was written to")
		}
		data[5] = 1
	}
}

func TestExternalData(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.onnx")
	g := encoder(t)
	tensor.Data[float32](g.Weights[0].Data)[11] = 7
	if err := Save(g, path, SaveOptions{External: 32}); err != nil {
		t.Fatal(err)
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "m.onnx.*.data")); len(found) != 1 {
		t.Fatalf("external data in %v", found)
	}
	back, err := Load(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(marshal(t, back), marshal(t, g)) {
		t.Error("another model came back")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Unmarshal(b, Options{}); err == nil || !strings.Contains(err.Error(), "load the model from its folder") {
		t.Errorf("without a folder: %v", err)
	}
}

// external makes a folder with a model whose weight stands in w.bin (48 bytes), or where change says.
func external(t *testing.T, change func(dir string, e map[string]string)) error {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "model")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]int{"model/w.bin": 48, "secret.bin": 48, "model/short.bin": 47} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(dir), name), make([]byte, size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	entries := map[string]string{"location": "w.bin"}
	change(dir, entries)
	m, err := modelOf(encoder(t))
	if err != nil {
		t.Fatal(err)
	}
	w := m.Graph.Initializers[0]
	w.Raw, w.Location = nil, onnxpb.External
	for k, v := range entries {
		w.External = append(w.External, &onnxpb.Entry{Key: k, Value: v})
	}
	path := filepath.Join(dir, "m.onnx")
	if err := os.WriteFile(path, m.Encode().Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = Load(path, Options{})
	return err
}

func TestHostileExternalData(t *testing.T) {
	at := func(location string) func(string, map[string]string) {
		return func(_ string, e map[string]string) { e["location"] = location }
	}
	with := func(key, value string) func(string, map[string]string) {
		return func(_ string, e map[string]string) { e[key] = value }
	}
	link := func(to string) func(string, map[string]string) {
		return func(dir string, e map[string]string) {
			if err := os.Symlink(to, filepath.Join(dir, "link")); err != nil {
				t.Skip(err)
			}
			e["location"] = "link"
		}
	}
	folderLink := func(to, location string) func(string, map[string]string) {
		return func(dir string, e map[string]string) {
			if err := os.Symlink(to, filepath.Join(dir, "sub")); err != nil {
				t.Skip(err)
			}
			e["location"] = location
		}
	}
	hardLink := func(dir string, e map[string]string) {
		if err := os.Link(filepath.Join(dir, "..", "secret.bin"), filepath.Join(dir, "hard")); err != nil {
			t.Skip(err)
		}
		e["location"] = "hard"
	}
	for name, c := range map[string]struct {
		change func(string, map[string]string)
		is     error
		says   string
	}{
		"sound":                {at("w.bin"), nil, ""},
		"sound with a length":  {with("length", "48"), nil, ""},
		"a link within":        {link("w.bin"), nil, ""},
		"absolute":             {at("/etc/passwd"), ErrPath, "/etc/passwd"},
		"above":                {at("../secret.bin"), ErrPath, "secret"},
		"above and back":       {at("x/../../secret.bin"), ErrPath, "secret"},
		"with a backslash":     {at(`..\secret.bin`), ErrPath, "secret"},
		"with a drive":         {at("C:secret.bin"), ErrPath, "secret"},
		"nothing":              {at(""), ErrMalformed, "no file"},
		"a link that leaves":   {link("../secret.bin"), nil, "escapes"},
		"a folder that leaves": {folderLink("..", "sub/secret.bin"), nil, "escapes"},
		"a hard link":          {hardLink, ErrPath, "hard links"},
		"a folder":             {at("."), ErrPath, "regular"},
		"not there":            {at("gone.bin"), fs.ErrNotExist, "gone.bin"},
		"too short":            {at("short.bin"), ErrMalformed, "which has 47"},
		"offset past the end":  {with("offset", "1"), ErrMalformed, "at 1"},
		"huge offset":          {with("offset", "9223372036854775807"), ErrMalformed, "at 9223372036854775807"},
		"negative offset":      {with("offset", "-8"), ErrMalformed, "at -8"},
		"offset that wraps":    {func(_ string, e map[string]string) { e["offset"], e["length"] = "9223372036854775800", "48" }, ErrMalformed, "which has 48"},
		"huge length":          {with("length", "9223372036854775807"), ErrMalformed, "9223372036854775807 bytes"},
		"no number":            {with("offset", "eight"), ErrMalformed, "eight"},
		"another length":       {with("length", "40"), ErrMalformed, "40 bytes"},
	} {
		err := external(t, c.change)
		if c.says == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLoadRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "gone.onnx")} {
		if _, err := Load(path, Options{}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
