package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/tensor"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// raw is a file of the given header and data.
func raw(header string, data ...byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

func read(b []byte) (*File, error) { return Read(bytes.NewReader(b), int64(len(b))) }

func equal(t interface{ Fatalf(string, ...any) }, got, want *File) {
	if d := cmp.Diff(got.Metadata, want.Metadata); d != "" {
		t.Fatalf("metadata: %s", d)
	}
	if len(got.Tensors) != len(want.Tensors) {
		t.Fatalf("%d tensors, want %d", len(got.Tensors), len(want.Tensors))
	}
	for i, g := range got.Tensors {
		w := want.Tensors[i]
		if g.Name != w.Name || g.Tensor.DType() != w.Tensor.DType() || !g.Tensor.Shape().Equal(w.Tensor.Shape()) || !bytes.Equal(g.Tensor.Bytes(), w.Tensor.Bytes()) {
			t.Fatalf("tensor %d is %q %v, want %q %v", i, g.Name, g.Tensor, w.Name, w.Tensor)
		}
	}
}

func TestReadsWhatTheFormatSays(t *testing.T) {
	f, err := read(raw(`{"b":{"dtype":"I64","shape":[],"data_offsets":[4,12]},"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}  `,
		0, 0, 0x80, 0x3f, 7, 0, 0, 0, 0, 0, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, f, &File{Metadata: map[string]string{"format": "pt"}, Tensors: []Named{
		{"a", must(tensor.Wrap([]float32{1}, 1, 1))}, {"b", tensor.Scalar(int64(7))}}})
	if f.Tensor("b") == nil || f.Tensor("c") != nil {
		t.Error("Tensor finds the wrong names")
	}
}

func must(x *tensor.Tensor, err error) *tensor.Tensor {
	if err != nil {
		panic(err)
	}
	return x
}

func TestRefuses(t *testing.T) {
	tests := []struct {
		name string
		file []byte
		says string
	}{
		{"an empty file", nil, "too short"},
		{"a header past the end", append(binary.LittleEndian.AppendUint64(nil, 100), '{', '}'), "header of 100"},
		{"a header past the limit", append(binary.LittleEndian.AppendUint64(nil, 1<<63), '{', '}'), "limit"},
		{"an array for a header", raw(`[]`), "JSON object"},
		{"space before the object", raw(` {}`), "JSON object"},
		{"text after the object", raw(`{} {}`), "more text"},
		{"invalid UTF-8", raw("{\"\xff\":1}"), "UTF-8"},
		{"a name twice", raw(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`), "twice"},
		{"metadata twice", raw(`{"__metadata__":{},"__metadata__":{}}`), "twice"},
		{"metadata that is no text", raw(`{"__metadata__":{"a":1}}`), "cannot unmarshal"},
		{"an unknown type", raw(`{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}`, 0), "F8_E4M3"},
		{"no offsets", raw(`{"a":{"dtype":"U8","shape":[1]}}`, 0), "data from -1"},
		{"no shape", raw(`{"a":{"dtype":"U8","data_offsets":[0,1]}}`, 0), "shape"},
		{"a negative dimension", raw(`{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}`, 0), "negative"},
		{"a size that overflows", raw(`{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}`), "too many"},
		{"bytes that overflow", raw(`{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}}`), "data from"},
		{"offsets backwards", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}`, 0), "data from"},
		{"a shape that does not fill its data", raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 0, 0, 0, 0), "data from"},
		{"a gap", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 0, 0), "gap"},
		{"an overlap", raw(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 0, 0, 0), "overlap"},
		{"data left over", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 0, 0), "2 bytes of data"},
		{"data cut off", raw(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, 0), "1 bytes of data"},
	}
	for _, tt := range tests {
		_, err := read(tt.file)
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestWriteThenRead(t *testing.T) {
	types := []tensor.DType{tensor.Float32, tensor.Float64, tensor.Float16, tensor.BFloat16, tensor.Int64, tensor.Int32,
		tensor.Int16, tensor.Int8, tensor.Uint8, tensor.Uint16, tensor.Uint32, tensor.Uint64, tensor.Bool}
	rapid.Check(t, func(t *rapid.T) {
		f := &File{Metadata: rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "metadata")}
		if len(f.Metadata) == 0 {
			f.Metadata = nil
		}
		for _, name := range rapid.SliceOfDistinct(rapid.String(), rapid.ID[string]).Draw(t, "names") {
			if name == metadataKey {
				continue
			}
			x := tensor.New(rapid.SampledFrom(types).Draw(t, "type"), rapid.SliceOfN(rapid.IntRange(0, 4), 0, 3).Draw(t, "shape")...)
			copy(x.Bytes(), rapid.SliceOfN(rapid.Byte(), len(x.Bytes()), len(x.Bytes())).Draw(t, "data"))
			f.Tensors = append(f.Tensors, Named{name, x})
		}
		var b bytes.Buffer
		if err := Write(&b, f); err != nil {
			t.Fatal(err)
		}
		got, err := read(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, f)
	})
}

func TestWriteRefuses(t *testing.T) {
	x := tensor.Scalar(float32(1))
	for name, f := range map[string]*File{
		"a name twice":      {Tensors: []Named{{"a", x}, {"a", x}}},
		"the metadata name": {Tensors: []Named{{metadataKey, x}}},
	} {
		if err := Write(&bytes.Buffer{}, f); err == nil {
			t.Errorf("%s was written", name)
		}
	}
}

func TestReadFileNamesThePath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cut.safetensors")
	if err := os.WriteFile(path, []byte{1, 2}, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), path) {
		t.Errorf("ReadFile gave %v", err)
	}
}

// What can be read can be written, and reads the same again.
func FuzzRead(f *testing.F) {
	f.Add(raw(`{}`))
	f.Add(raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"__metadata__":{"k":"v"}}`, 0, 0, 0x80, 0x3f))
	f.Add(raw(`{"a":{"dtype":"U8","shape":[0,9],"data_offsets":[0,0]},"b":{"dtype":"BF16","shape":[],"data_offsets":[0,2]}}`, 1, 2))
	f.Add(raw(`{"a":{"dtype":"F64","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := read(b)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := Write(&out, got); err != nil {
			t.Fatal(err)
		}
		again, err := read(out.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		equal(t, again, got)
	})
}
