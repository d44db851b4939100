package data

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/tensor/npy"
	"pgregory.net/rapid"
)

func isRange(err error) bool { return errors.Is(err, ErrRange) }

func writeNPY(t testing.TB, x *tensor.Tensor) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.npy")
	if err := npy.Write(path, x); err != nil {
		t.Fatal(err)
	}
	return path
}

func wrap[T tensor.Element](t testing.TB, data []T, shape ...int) *tensor.Tensor {
	t.Helper()
	x, err := tensor.Wrap(data, shape...)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestNPYTypes(t *testing.T) {
	half, err := tensor.WrapBytes(tensor.Float16, tensor.Shape{2, 2}, []byte{0, 0x3c, 0, 0x38, 0, 0, 0, 0x34})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		x    *tensor.Tensor
		want []float32
	}{
		{wrap(t, []uint8{255, 0, 51, 102}, 2, 2), []float32{0.2, 0.4, 1, 0}},
		{wrap(t, []bool{true, false, false, true}, 2, 2), []float32{0, 1, 1, 0}},
		{wrap(t, []float32{1, 0, 0.25, 0.5}, 2, 2), []float32{0.25, 0.5, 1, 0}},
		{wrap(t, []float64{1, 0, 0.25, 0.1}, 2, 2), []float32{0.25, 0.1, 1, 0}},
		{half, []float32{0, 0.25, 1, 0.5}},
	} {
		if got := read(t, open(t, writeNPY(t, c.x), Options{}), 1, 0); !slices.Equal(got, c.want) {
			t.Errorf("%v: read %v, want %v", c.x, got, c.want)
		}
	}
}

func TestValuesOutOfRangeAreNamed(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name  string
		x     *tensor.Tensor
		words []string
	}{
		{"NaN", wrap(t, []float32{0, 1, 0, float32(nan)}, 2, 2), []string{"x.npy row 1", "element 1 is NaN"}},
		{"bytes as floats", wrap(t, []float64{0, 1, 255, 0}, 2, 2), []string{"row 1", "element 0 is 255", "scale"}},
		{"negative", wrap(t, []float64{0, 1, 0, -1e-9}, 2, 2), []string{"row 1", "element 1 is -1e-09"}},
		{"barely above 1 in float64", wrap(t, []float64{0, 1, 1 + 1e-12, 0}, 2, 2), []string{"row 1", "element 0"}},
	} {
		s := open(t, writeNPY(t, c.x), Options{})
		mustFail(t, c.name, s.Read(context.Background(), []int{0, 1}, make([]float32, 4)), ErrRange, c.words...)
		if err := s.Read(context.Background(), []int{0}, make([]float32, 2)); err != nil {
			t.Errorf("%s: the good row fails too: %v", c.name, err)
		}
	}
}

func TestNPYRefuses(t *testing.T) {
	_, err := Open(writeNPY(t, wrap(t, []int64{1, 2}, 1, 2)), Options{})
	mustFail(t, "integers", err, ErrFormat, "int64", "uint8")
	_, err = Open(writeNPY(t, wrap(t, []uint8{1, 2}, 2)), Options{})
	mustFail(t, "one axis", err, ErrFormat, "two axes")
	_, err = Open(writeNPY(t, tensor.New(tensor.Uint8, 0, 2)), Options{})
	mustFail(t, "no rows", err, ErrEmpty)
	path := writeNPY(t, wrap(t, []uint8{1, 2}, 1, 2))
	if err := os.Truncate(path, 129); err != nil {
		t.Fatal(err)
	}
	_, err = Open(path, Options{})
	mustFail(t, "truncated", err, ErrFormat, "truncated", path)
}

func TestFortranOrderIsReadRowByRow(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		shape := rapid.SliceOfN(rapid.IntRange(1, 5), 2, 4).Draw(rt, "shape")
		n := tensor.Shape(shape).Size()
		raw := fmt.Appendf(nil, "{'descr': '|u1', 'fortran_order': True, 'shape': (")
		for _, d := range shape {
			raw = fmt.Appendf(raw, "%d, ", d)
		}
		raw = append(raw, "), }"...)
		file := append([]byte("\x93NUMPY\x01\x00"), byte(len(raw)), 0)
		file = append(file, raw...)
		for i := range n {
			file = append(file, byte(i))
		}
		want, err := npy.Decode(bytes.NewReader(file))
		if err != nil {
			rt.Fatal(err)
		}
		s := open(t, write(t, filepath.Join(t.TempDir(), "f.npy"), file), Options{})
		rows := make([]int, shape[0])
		for i := range rows {
			rows[i] = i
		}
		for i, v := range read(t, s, rows...) {
			if v != levels[want.Bytes()[i]] {
				rt.Fatalf("shape %v: element %d is %v", shape, i, v*255)
			}
		}
	})
}

func writeNPZ(t testing.TB, method uint16, names ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.npz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	for i, name := range names {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if err := npy.Encode(w, wrap(t, []uint8{byte(i), 51}, 2, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestNPZPicksTheArray(t *testing.T) {
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		for _, c := range []struct {
			names []string
			key   string
			o     Options
			want  int
		}{
			{[]string{"y", "x"}, "", Options{}, 1},
			{[]string{"labels", "images"}, "", Options{}, 1},
			{[]string{"anything"}, "", Options{}, 0},
			{[]string{"a", "b", "c"}, ":c", Options{}, 2},
			{[]string{"x_train", "x_test"}, "", Options{Split: Test}, 1},
			{[]string{"x_train", "x_test"}, "", Options{}, 0},
		} {
			s := open(t, writeNPZ(t, method, c.names...)+c.key, c.o)
			if got := read(t, s, 0, 1); got[0] != levels[c.want] || got[1] != 0.2 {
				t.Errorf("method %d, %v%s: read %v", method, c.names, c.key, got)
			}
		}
	}
	_, err := Open(writeNPZ(t, zip.Store, "a", "b"), Options{})
	mustFail(t, "ambiguous", err, ErrFormat, "which array", "file.npz:key", "a, b")
	_, err = Open(writeNPZ(t, zip.Store, "a", "b")+":c", Options{})
	mustFail(t, "no such array", err, ErrFormat, `no array "c"`)
	_, err = Open(writeNPZ(t, zip.Store), Options{})
	mustFail(t, "no arrays", err, ErrEmpty)
}

// sparseNPY is a file of n rows of 28x28 zeros that takes no room on disk.
func sparseNPY(t testing.TB, n int) string {
	t.Helper()
	head := fmt.Appendf(nil, "{'descr': '|u1', 'fortran_order': False, 'shape': (%d, 28, 28), }", n)
	file := append([]byte("\x93NUMPY\x01\x00"), byte(len(head)), 0)
	file = append(file, head...)
	path := write(t, filepath.Join(t.TempDir(), "big.npy"), file)
	if err := os.Truncate(path, int64(len(file))+int64(n)*784); err != nil {
		t.Skipf("no sparse files here: %v", err)
	}
	return path
}

func TestTenMillionRowsTakeConstantMemory(t *testing.T) {
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	s, err := NewBinarized(open(t, sparseNPY(t, 1e7), Options{}), Dynamic, 1)
	if err != nil {
		t.Fatal(err)
	}
	l, err := NewLoader(context.Background(), s, LoaderOptions{Seed: 3, Step: 54321})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if l.StepsPerEpoch() != 100000 {
		t.Fatalf("%d steps", l.StepsPerEpoch())
	}
	for range 300 {
		if _, err := l.Next(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	// Three minibatches of 100 rows and a read buffer make up about 1.3 MB.
	if after := heap(); after > before+8<<20 {
		t.Errorf("the heap grew by %d bytes", after-before)
	}
}
