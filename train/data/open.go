package data

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// The two splits of a source that has them.
const (
	Train = "train"
	Test  = "test"
)

// Options say how a source is to be opened. The zero value opens the training split.
type Options struct {
	// Split is Train (also when empty) or Test. A source that has no splits gives all of its rows for either.
	Split string
	// Grey turns colour images into grey ones, so that rows are [height, width].
	Grey bool
	// MaxBytes bounds what a compressed source may take in temporary files; 0 is 64 GiB.
	MaxBytes int64
	// TempDir is where compressed sources are unpacked to files that vanish when the source is closed; "" is the
	// system's folder for such files.
	TempDir string
}

func (o Options) maxBytes() int64 {
	if o.MaxBytes > 0 {
		return o.MaxBytes
	}
	return 64 << 30
}

// Open opens a source of images:
//
//   - a folder of IDX files, plain or .gz (the split is told by a word in their names: train, background or
//     t10k, test, evaluation), or one such file;
//   - a .npy file, or a .npz archive: the array x, images or data, or x_train and x_test, or the only one;
//     "file.npz:key" picks another. The first axis counts the rows;
//   - a folder of PNG and JPEG images, or one with the folders train and test;
//   - "glyphs:", "glyphs:5000?size=28&seed=1": digits drawn from the Go fonts, see Glyphs.
//
// Bytes are divided by 255; floats must lie in [0,1] already. Rows are read when asked for: what is compressed is
// unpacked once to a temporary file, never into memory.
func Open(src string, o Options) (Source, error) {
	switch o.Split {
	case "":
		o.Split = Train
	case Train, Test:
	default:
		return nil, fmt.Errorf("data: open %s: unknown split %q, it is train or test", src, o.Split)
	}
	if spec, ok := strings.CutPrefix(src, "glyphs:"); ok {
		return openGlyphs(spec, o.Split)
	}
	path, key := src, ""
	info, err := os.Stat(src)
	if i := strings.LastIndex(src, ".npz:"); errors.Is(err, os.ErrNotExist) && i >= 0 {
		path, key = src[:i+4], src[i+5:]
		info, err = os.Stat(path)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("data: open %s: there is no such file or folder: give IDX files, a .npy or .npz file, a folder of images, or glyphs: (%w)", src, os.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("data: open: %w", err)
	}
	if info.IsDir() {
		return openFolder(path, o)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("data: open %s: neither a file nor a folder: %w", path, ErrFormat)
	}
	return openFile(path, key, o)
}

// openFile opens a single file by its first bytes.
func openFile(path, key string, o Options) (Source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("data: open: %w", err)
	}
	var head [6]byte
	n, err := io.ReadFull(f, head[:])
	f.Close()
	switch first := head[:n]; {
	case n == 0 && errors.Is(err, io.EOF):
		return nil, fmt.Errorf("data: open %s: the file is empty: %w", path, ErrEmpty)
	case bytes.Equal(first, []byte("\x93NUMPY")):
		return openNPY(path, o)
	case bytes.HasPrefix(first, []byte("PK")):
		return openNPZ(path, key, o)
	case bytes.HasPrefix(first, []byte{0, 0}), bytes.HasPrefix(first, []byte{0x1f, 0x8b}):
		return openIDX(path, fileTitle(path), o)
	default:
		return nil, fmt.Errorf("data: open %s: starts with %q, which is neither IDX, .npy nor .npz: %w", path, first, ErrFormat)
	}
}

// openFolder opens a folder of IDX files or of images.
func openFolder(dir string, o Options) (Source, error) {
	idx, err := listIDX(dir, idxName)
	if err != nil {
		return nil, fmt.Errorf("data: open %s: %w", dir, err)
	}
	if len(idx) == 0 {
		return openImages(dir, o)
	}
	name, err := pickIDX(idx, o.Split, "images")
	if err != nil {
		return nil, fmt.Errorf("data: open %s: %w", dir, err)
	}
	title := fileTitle(dir)
	if splitOf(name) != "" {
		title += " " + o.Split
	}
	return openIDX(filepath.Join(dir, name), title, o)
}

// fileTitle is the base name of a file or folder, also of "." and "..".
func fileTitle(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return filepath.Base(path)
}

// title is a source's name: what it is, how many rows it has and their shape.
func title(what string, n int, shape []int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%d", what, n)
	for i, d := range shape {
		sep := "x"
		if i == 0 {
			sep = " x "
		}
		fmt.Fprintf(&b, "%s%d", sep, d)
	}
	b.WriteByte(')')
	return b.String()
}
