package data

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestIDXRowsInAnyOrderPlainAndZipped(t *testing.T) {
	raw := idxBytes([]byte{0, 51, 102, 153, 204, 255}, 3, 1, 2)
	dir := t.TempDir()
	for _, path := range []string{
		write(t, filepath.Join(dir, "a-idx3-ubyte"), raw),
		write(t, filepath.Join(dir, "b-idx3-ubyte.gz"), zipped(t, raw)),
	} {
		s := open(t, path, Options{TempDir: dir})
		if want := filepath.Base(path) + " (3 x 1x2)"; s.Name() != want || s.Len() != 3 {
			t.Errorf("name is %q, want %q", s.Name(), want)
		}
		if got, want := read(t, s, 2, 0, 1, 1), []float32{0.8, 1, 0, 0.2, 0.4, 0.6, 0.4, 0.6}; !slices.Equal(got, want) {
			t.Errorf("%s: read %v, want %v", path, got, want)
		}
		if err := s.Read(context.Background(), []int{3}, make([]float32, 2)); err == nil {
			t.Errorf("%s: row 3 of 3 was read", path)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "elbo-*")); len(left) > 0 {
		t.Errorf("temporary files have names: %v", left)
	}
}

func TestIDXFolderFindsTheSplit(t *testing.T) {
	row := func(v byte) []byte { return idxBytes([]byte{v}, 1, 1, 1) }
	for _, c := range []struct {
		name        string
		files       []string
		train, test float32
	}{
		{"mnist", []string{"train-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz", "train-labels-idx1-ubyte"}, 0, 1},
		{"omniglot", []string{"background-28x28-idx3-ubyte.gz", "evaluation-28x28-idx3-ubyte"}, 0, 1},
		{"dots", []string{"train-images.idx3-ubyte", "t10k-images.idx3-ubyte"}, 0, 1},
		{"emnist", []string{"emnist-letters-train-images-idx3-ubyte", "emnist-letters-test-images-idx3-ubyte"}, 0, 1},
		{"a lone file serves both", []string{"freyfaces-idx3-ubyte"}, 0, 0},
		{"plain comes before zipped", []string{"train-images-idx3-ubyte", "t10k-images-idx3-ubyte", "train-images-idx3-ubyte.gz"}, 0, 1},
	} {
		dir := t.TempDir()
		for i, f := range c.files {
			raw := row(byte(i) * 255)
			if filepath.Ext(f) == ".gz" {
				raw = zipped(t, raw)
			}
			write(t, filepath.Join(dir, f), raw)
		}
		if got := read(t, open(t, dir, Options{}), 0)[0]; got != c.train {
			t.Errorf("%s: training rows hold %v", c.name, got)
		}
		if got := read(t, open(t, dir, Options{Split: Test}), 0)[0]; got != c.test {
			t.Errorf("%s: test rows hold %v", c.name, got)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	good := idxBytes([]byte{1, 2}, 2, 1, 1)
	cut := zipped(t, good)
	for _, c := range []struct {
		name    string
		content []byte
		kind    error
		word    string
	}{
		{"empty file", nil, ErrEmpty, "empty"},
		{"text", []byte("hello, world"), ErrFormat, "neither IDX"},
		{"wrong magic", []byte{0, 0, 77, 3, 0, 0, 0, 1}, ErrFormat, "magic"},
		{"labels", idxBytes([]byte{1}, 1), ErrFormat, "labels"},
		{"floats", []byte{0, 0, 0x0d, 3, 0, 0, 0, 1}, ErrFormat, "element type"},
		{"too many axes", []byte{0, 0, 8, 200, 0, 0}, ErrFormat, "axes"},
		{"header cut", good[:9], ErrFormat, "within the IDX header"},
		{"truncated", good[:len(good)-1], ErrFormat, "truncated"},
		{"too long", append(slices.Clone(good), 0), ErrFormat, "too many"},
		{"no rows", idxBytes(nil, 0, 28, 28), ErrEmpty, "no rows"},
		{"rows without bound", idxBytes(nil, 1, 1<<31), ErrFormat, "truncated"},
		{"zipped rows without bound", zipped(t, idxBytes(nil, 1, 1<<31)), ErrFormat, "truncated"},
		{"overflow", idxBytes(nil, 1<<31, 1<<31, 1<<31), ErrFormat, "too many elements"},
		{"zipped and truncated", zipped(t, good[:len(good)-1]), ErrFormat, "truncated"},
		{"zipped and too long", zipped(t, append(slices.Clone(good), 0)), ErrFormat, "more data"},
		{"zip cut", cut[:len(cut)-6], ErrFormat, ""},
		{"zipped bomb", zipped(t, idxBytes(nil, 1<<30, 1<<10, 1)), ErrFormat, "more than"},
	} {
		path := write(t, filepath.Join(t.TempDir(), "x-idx3-ubyte"), c.content)
		_, err := Open(path, Options{})
		mustFail(t, c.name, err, c.kind, c.word, path)
	}
	_, err := Open(filepath.Join(t.TempDir(), "none"), Options{})
	mustFail(t, "a path that is not there", err, os.ErrNotExist)
	_, err = Open(t.TempDir(), Options{})
	mustFail(t, "an empty folder", err, ErrEmpty, "holds neither IDX")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "train-images-idx3-ubyte"), good)
	_, err = Open(dir, Options{Split: Test})
	mustFail(t, "a folder without the split", err, ErrEmpty, "no test images", "train-images")
	write(t, filepath.Join(dir, "train-more-idx3-ubyte"), good)
	_, err = Open(dir, Options{})
	mustFail(t, "an ambiguous folder", err, ErrFormat, "train-more")
	if _, err := Open(dir, Options{Split: "valid"}); err == nil {
		t.Error("the split \"valid\" was accepted")
	}
}

func TestFileThatShrinksIsNoticed(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "x-idx3-ubyte"), idxBytes([]byte{1, 2}, 2, 1, 1))
	s := open(t, path, Options{})
	if err := os.Truncate(path, 17); err != nil {
		t.Fatal(err)
	}
	mustFail(t, "shrunk", s.Read(context.Background(), []int{1}, make([]float32, 1)), ErrFormat, "row 1", "shorter")
}

func TestReadMakesNoAllocation(t *testing.T) {
	pixels := make([]byte, 1000*16)
	s := open(t, write(t, filepath.Join(t.TempDir(), "x-idx3-ubyte"), idxBytes(pixels, 1000, 4, 4)), Options{})
	rows, dst := []int{5, 900, 901, 7}, make([]float32, 4*16)
	if n := testing.AllocsPerRun(100, func() {
		if err := s.Read(context.Background(), rows, dst); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations per read", n)
	}
}

func TestRealFolders(t *testing.T) {
	for _, c := range []struct {
		name, split, title string
	}{
		{"mnist", Train, "mnist train (60000 x 28x28)"}, {"mnist", Test, "mnist test (10000 x 28x28)"},
		{"omniglot", Train, "omniglot train (19280 x 28x28)"}, {"omniglot", Test, "omniglot test (13180 x 28x28)"},
		{"freyface", Train, "freyface (1965 x 28x20)"},
	} {
		t.Run(c.name+" "+c.split, func(t *testing.T) {
			s := open(t, shared(t, c.name), Options{Split: c.split})
			if s.Name() != c.title {
				t.Errorf("name is %q, want %q", s.Name(), c.title)
			}
			sum := 0.0
			for _, v := range read(t, s, 0, s.Len()-1) {
				sum += float64(v)
			}
			if sum == 0 {
				t.Error("first and last row are blank")
			}
		})
	}
}

func FuzzIDX(f *testing.F) {
	f.Add(idxBytes([]byte{1, 2}, 2, 1, 1))
	f.Add(idxBytes(nil, 1<<31, 1<<31))
	f.Add(zipped(f, idxBytes([]byte{1, 2}, 2, 1, 1)))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 1<<16 {
			return
		}
		s, err := Open(write(t, filepath.Join(dir, "x-idx3-ubyte"), raw), Options{MaxBytes: 1 << 16, TempDir: dir})
		if err != nil {
			return
		}
		defer s.Close()
		size := 1
		for _, d := range s.Shape() {
			size *= d
		}
		if size <= 1<<16 {
			// What opens can be read: its last row is there.
			if err := s.Read(context.Background(), []int{s.Len() - 1}, make([]float32, size)); err != nil {
				if !isRange(err) {
					t.Error(err)
				}
			}
		}
	})
}
