package npy

import (
	"archive/zip"
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/tensor"
	"pgregory.net/rapid"
)

// file is a .npy file of the given version around a header's text and elements.
func file(version byte, text string, elements ...byte) []byte {
	b := append([]byte(magic), version, 0, byte(len(text)), byte(len(text)>>8))
	if version > 1 {
		b = append(b, 0, 0)
	}
	return append(append(b, text...), elements...)
}

// These bytes are what numpy 1.24 wrote for np.save(f, np.array([[1,2,3],[4,5,6]], order="F", dtype="<i2")).
const fortranI2 = "934e554d5059010076007b276465736372273a20273c6932272c2027666f727472616e5f6f72646572273a20547275652c20277368617065273a2028322c2033292c207d20202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020200a010004000200050003000600"

func TestDecodeFortranOrderFromNumpy(t *testing.T) {
	raw, err := hex.DecodeString(fortranI2)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != "int16[2,3]" {
		t.Errorf("got %v", got)
	}
	for i, v := range tensor.Data[int16](got) {
		if v != int16(i+1) {
			t.Errorf("element %d is %d", i, v)
		}
	}
}

func TestDecodeVersionsAndTypes(t *testing.T) {
	for _, c := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"version 1", file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n", 0, 0, 128, 63), "float32[1]"},
		{"version 2", file(2, "{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }\n", 0, 60), "float16[1]"},
		{"version 3, double quotes", file(3, `{"descr": "|b1", "fortran_order": False, "shape": (2, 1)}`, 1, 0), "bool[2,1]"},
		{"keys in another order", file(1, "{'shape': (), 'fortran_order': True, 'descr': '<i8'}", make([]byte, 8)...), "int64[]"},
		{"python 2 long", file(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 0), }"), "uint8[2,0]"},
	} {
		got, err := Decode(bytes.NewReader(c.raw))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if got.String() != c.want {
			t.Errorf("%s: got %v, want %s", c.name, got, c.want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"empty", nil, "ends within the magic"},
		{"another format", []byte("\x89PNG\r\n\x1a\n"), "instead of"},
		{"unknown version", file(9, "{}"), "version 9"},
		{"long header", append([]byte(magic), 2, 0, 255, 255, 255, 127), "bytes long"},
		{"cut header", file(1, "{'descr': '<f4'")[:15], "ends within the text"},
		{"big-endian", file(1, "{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }"), "big-endian"},
		{"objects", file(1, "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"), "Python objects"},
		{"structured", file(1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }"), "structured"},
		{"complex", file(1, "{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }"), "element type"},
		{"no shape", file(1, "{'descr': '<f4', 'fortran_order': False}"), "shape is not"},
		{"negative shape", file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }"), "a dimension"},
		{"overflow", file(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }"), "shape"},
		{"past the limit", file(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296,), }"), "more than"},
		{"truncated", file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 0, 0, 0, 0), "truncated"},
		{"key twice", file(1, "{'descr': '<f4', 'descr': '<f4'}"), "twice"},
		{"text after", file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': ()} x"), "the end"},
	} {
		_, err := Decode(bytes.NewReader(c.raw))
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", c.name, err, c.want)
		}
	}
}

func TestHeaderThatLiesTakesNoMemory(t *testing.T) {
	raw := file(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000,), }", make([]byte, 100)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Decode(bytes.NewReader(raw))
	runtime.ReadMemStats(&after)
	if !errors.Is(err, ErrFormat) {
		t.Errorf("got error %v", err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 2*eager {
		t.Errorf("took %d bytes for a file of %d", got, len(raw))
	}
}

func TestWriteReadRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		dtype := rapid.SampledFrom([]tensor.DType{tensor.Float32, tensor.Float64, tensor.Float16, tensor.Int8, tensor.Int16,
			tensor.Int32, tensor.Int64, tensor.Uint8, tensor.Uint16, tensor.Uint32, tensor.Uint64, tensor.Bool}).Draw(rt, "dtype")
		shape := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 4).Draw(rt, "shape")
		want := tensor.New(dtype, shape...)
		for i := range want.Bytes() {
			want.Bytes()[i] = rapid.Byte().Draw(rt, "byte")
		}
		path := filepath.Join(dir, "a.npy")
		if err := Write(path, want); err != nil {
			rt.Fatal(err)
		}
		got, err := Read(path)
		if err != nil {
			rt.Fatal(err)
		}
		if got.String() != want.String() || !bytes.Equal(got.Bytes(), want.Bytes()) {
			rt.Errorf("wrote %v, read %v", want, got)
		}
	})
}

func TestLargeArrayIsReadWhole(t *testing.T) {
	want := tensor.New(tensor.Uint8, 3*eager+5)
	for i := range want.Bytes() {
		want.Bytes()[i] = byte(i * 7)
	}
	var b bytes.Buffer
	if err := Encode(&b, want); err != nil {
		t.Fatal(err)
	}
	got, err := Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Error("elements differ")
	}
}

func TestReadHoldsTheHeaderAgainstTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npy")
	raw := file(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", 1, 2, 3)
	for extra, want := range map[int]string{-1: "truncated", 1: "too many"} {
		if err := os.WriteFile(path, append(raw, 0)[:len(raw)+extra], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), want) {
			t.Errorf("%+d bytes: got error %v, want one with %q", extra, err, want)
		}
	}
}

func TestWriteThatFailsLeavesTheOldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npy")
	if err := Write(path, tensor.Vector[float32](1)); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, tensor.New(tensor.BFloat16, 1)); err == nil {
		t.Error("numpy has no bfloat16, yet it was written")
	}
	if got, err := Read(path); err != nil || got.String() != "float32[1]" {
		t.Errorf("the old file reads as %v, %v", got, err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func writeArchive(t testing.TB, path string, method uint16, arrays map[string]*tensor.Tensor) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	for name, a := range arrays {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if err := Encode(w, a); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestArchive(t *testing.T) {
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		path := filepath.Join(t.TempDir(), "a.npz")
		writeArchive(t, path, method, map[string]*tensor.Tensor{"x": tensor.Vector[float32](1, 2), "y": tensor.Scalar[int64](3)})
		all, err := ReadArchive(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != 2 || tensor.Data[float32](all["x"])[1] != 2 || tensor.Data[int64](all["y"])[0] != 3 {
			t.Errorf("method %d: read %v", method, all)
		}
		a, err := OpenArchive(path)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		if _, err := a.Read("z"); err == nil || !strings.Contains(err.Error(), "no array") {
			t.Errorf("got error %v for a name that is not there", err)
		}
		h, offset, ok, err := a.Stored("x")
		if err != nil || ok != (method == zip.Store) || h.Shape.Size() != 2 {
			t.Errorf("method %d: stored gives %v, %v, %v", method, h, ok, err)
		}
		if ok {
			raw := make([]byte, 8)
			if _, err := a.file.ReadAt(raw, offset); err != nil || !bytes.Equal(raw, all["x"].Bytes()) {
				t.Errorf("in place: %v, %v", raw, err)
			}
		}
	}
}

func TestArchiveRefusesWhatIsNoZip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npz")
	if err := os.WriteFile(path, []byte("no zip"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenArchive(path); !errors.Is(err, ErrFormat) {
		t.Errorf("got error %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	raw, _ := hex.DecodeString(fortranI2)
	f.Add(raw)
	f.Add(file(2, "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 0, 3), }"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := Decode(bytes.NewReader(raw))
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("error without ErrFormat: %v", err)
			}
			return
		}
		var b bytes.Buffer
		if err := Encode(&b, a); err != nil {
			t.Fatal(err)
		}
		again, err := Decode(&b)
		if err != nil || again.String() != a.String() || !bytes.Equal(again.Bytes(), a.Bytes()) {
			t.Errorf("%v came back as %v, %v", a, again, err)
		}
	})
}

func FuzzArchive(f *testing.F) {
	dir := f.TempDir()
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		path := filepath.Join(dir, "seed.npz")
		writeArchive(f, path, method, map[string]*tensor.Tensor{"x": tensor.Vector[float32](1, 2)})
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := filepath.Join(dir, "a.npz")
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		all, err := ReadArchive(path)
		for name, a := range all {
			if err == nil && len(a.Bytes()) > maxDeflate*len(raw) {
				t.Errorf("%q: %d bytes out of a file of %d", name, len(a.Bytes()), len(raw))
			}
		}
	})
}

func FuzzHeader(f *testing.F) {
	f.Add("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }")
	f.Fuzz(func(t *testing.T, text string) {
		raw := file(2, text)
		h, err := ReadHeader(io.LimitReader(bytes.NewReader(raw), int64(len(raw))))
		if err == nil && (h.Size() < 0 || !h.DType.Valid()) {
			t.Errorf("accepted %+v", h)
		}
	})
}
