package importer

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
)

// small are limits under which no input of a fuzz target takes much memory or time.
var small = Limits{Bytes: 1 << 20, Nodes: 1000, Values: 1000, Tensors: 1000, Messages: 10000, Elements: 1 << 16, Rank: 8, Edges: 64, Name: 256}

// Whatever the bytes, reading gives an error or a sound graph, which can be written and read again.
func FuzzUnmarshal(f *testing.F) {
	f.Add(marshal(f, encoder(f)))
	f.Add(called(&onnxpb.Node{Op: "Outer", Domain: "own", Inputs: []string{"x"}, Outputs: []string{"y"}}).Encode().Bytes())
	f.Add(pbModel(looping(pbNode("Mul", "s e", "s_out"))))
	f.Add(pbModel(looping(pbNode("Concat", "s e", "s_out", &onnxpb.Attribute{Name: "axis", Type: onnxpb.AttrInt}))))
	f.Add(pbModel(choosing()))
	for _, opset := range []int64{9, 12, 18, 21} {
		m, err := modelOf(encoder(f))
		if err != nil {
			f.Fatal(err)
		}
		m.Opsets[0].Version = opset
		f.Add(m.Encode().Bytes())
	}
	if models, _ := filepath.Glob("../../shared/fixtures/*_op9/model.onnx"); len(models) > 0 {
		for _, path := range models {
			if b, err := os.ReadFile(path); err == nil && len(b) < 8192 {
				f.Add(b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := Unmarshal(b, Options{Limits: small, Partial: true}); err == nil {
			t.Log("reads in part")
		}
		g, err := Unmarshal(b, Options{Limits: small})
		if err != nil {
			return
		}
		if err := graph.Verify(g); err != nil {
			t.Fatal(err)
		}
		again, err := Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Unmarshal(again, Options{}); err != nil {
			t.Fatalf("what was written is not read: %v", err)
		}
	})
}

// Whatever the location, what is read lies in the folder: the file beside the folder never comes in.
func FuzzExternalData(f *testing.F) {
	for _, s := range []string{"w.bin", "../secret.bin", "/etc/passwd", "sub/../../secret.bin", "sub/w.bin", "./w.bin", "", "w.bin\x00", "link"} {
		f.Add(s, "0", "48")
	}
	f.Add("w.bin", "-1", "9223372036854775807")
	dir := filepath.Join(f.TempDir(), "model")
	if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o755); err != nil {
		f.Fatal(err)
	}
	secret := filepath.Join(filepath.Dir(dir), "secret.bin")
	for _, path := range []string{filepath.Join(dir, "w.bin"), filepath.Join(dir, "sub", "w.bin")} {
		if err := os.WriteFile(path, make([]byte, 48), 0o644); err != nil {
			f.Fatal(err)
		}
	}
	content := make([]byte, 48)
	for i := range content {
		content[i] = 0xee
	}
	if err := os.WriteFile(secret, content, 0o644); err != nil {
		f.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, "link")); err != nil {
		f.Logf("without a symbolic link: %v", err)
	}
	f.Fuzz(func(t *testing.T, location, offset, length string) {
		b := &builder{limits: small.WithDefaults(), dir: dir, files: map[string][]byte{}}
		p := &onnxpb.Tensor{DataType: 1, Dims: []int64{4, 3}, Location: onnxpb.External, External: []*onnxpb.Entry{
			{Key: "location", Value: location}, {Key: "offset", Value: offset}, {Key: "length", Value: length}}}
		got, err := b.tensorOf(p)
		if err != nil {
			return
		}
		for _, c := range got.Bytes() {
			if c != 0 {
				t.Fatalf("location %q read a file outside of the folder", location)
			}
		}
	})
}
