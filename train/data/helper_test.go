package data

import (
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/tensor"
)

// shared is a folder of real data, as ELBO_DATA or ../shared/data names it.
func shared(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("ELBO_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "data")
	}
	dir := filepath.Join(root, name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("%s is not here: set ELBO_DATA to the folder that holds %s", dir, name)
	}
	return dir
}

// idxBytes is an IDX file of bytes.
func idxBytes(pixels []byte, shape ...int) []byte {
	b := []byte{0, 0, 8, byte(len(shape))}
	for _, d := range shape {
		b = binary.BigEndian.AppendUint32(b, uint32(d))
	}
	return append(b, pixels...)
}

func write(t testing.TB, path string, content []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func zipped(t testing.TB, content []byte) []byte {
	t.Helper()
	var b strings.Builder
	z := gzip.NewWriter(&b)
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return []byte(b.String())
}

func open(t testing.TB, src string, o Options) Source {
	t.Helper()
	s, err := Open(src, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func read(t testing.TB, s Source, rows ...int) []float32 {
	t.Helper()
	dst := make([]float32, len(rows)*tensor.Shape(s.Shape()).Size())
	if err := s.Read(context.Background(), rows, dst); err != nil {
		t.Fatal(err)
	}
	return dst
}

// mustFail checks that an error is of the given kind and that its text says what is wanted.
func mustFail(t testing.TB, name string, err, kind error, words ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: got error %v, want one that is %q", name, err, kind)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: got error %v, want one with %q", name, err, w)
		}
	}
}
