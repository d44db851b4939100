package data

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/elbo-ml/elbo/tensor/npy"
)

// openNPY opens a .npy file; its first axis counts the rows.
func openNPY(path string, o Options) (Source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("data: open: %w", err)
	}
	s, err := newNPY(f, o)
	if err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

func newNPY(f *os.File, o Options) (Source, error) {
	h, err := npy.ReadHeader(bufio.NewReader(f))
	if err != nil {
		return nil, fmt.Errorf("data: open %s: %w: %w", f.Name(), err, ErrFormat)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("data: open: %w", err)
	}
	if have := info.Size() - h.Offset; have < h.Size() {
		return nil, fmt.Errorf("data: open %s: truncated: %d bytes of data where the header tells of %v%v: %w", f.Name(), have, h.DType, h.Shape, ErrFormat)
	}
	return newArray(fileTitle(f.Name()), f.Name(), f, f, h, h.Offset, o)
}

// openNPZ opens one array of a .npz archive; its first axis counts the rows.
func openNPZ(path, key string, o Options) (Source, error) {
	a, err := npy.OpenArchive(path)
	if err != nil {
		return nil, fmt.Errorf("data: %w: %w", err, ErrFormat)
	}
	s, err := newNPZ(a, path, key, o)
	if err != nil {
		a.Close()
		return nil, err
	}
	return s, nil
}

func newNPZ(a *npy.Archive, path, key string, o Options) (Source, error) {
	if key == "" {
		var err error
		if key, err = pickArray(a.Names(), o.Split); err != nil {
			return nil, fmt.Errorf("data: open %s: %w", path, err)
		}
	}
	name := fileTitle(path) + ":" + key
	fail := func(err error) (Source, error) {
		return nil, fmt.Errorf("data: open %s: %w: %w", path, err, ErrFormat)
	}
	h, offset, stored, err := a.Stored(key)
	if err != nil {
		return fail(err)
	}
	if stored {
		return newArray(name, path+":"+key, a, a, h, offset, o)
	}
	_, r, err := a.Open(key)
	if err != nil {
		return fail(err)
	}
	defer r.Close()
	tmp, err := unpack(r, h.Size(), o)
	if err != nil {
		return fail(err)
	}
	s, err := newArray(name, path+":"+key, tmp, tmp, h, 0, o)
	if err != nil {
		tmp.Close()
		return nil, err
	}
	a.Close()
	return s, nil
}

// pickArray finds the array of images in an archive.
func pickArray(names []string, split string) (string, error) {
	for _, want := range []string{"x_" + split, "x", "images", "data"} {
		if slices.Contains(names, want) {
			return want, nil
		}
	}
	switch len(names) {
	case 0:
		return "", fmt.Errorf("the archive holds no arrays: %w", ErrEmpty)
	case 1:
		return names[0], nil
	}
	return "", fmt.Errorf("which array? write file.npz:key with one of %s: %w", strings.Join(names, ", "), ErrFormat)
}

// newArray makes a source of the array that lies at base in r.
func newArray(name, file string, r io.ReaderAt, closer io.Closer, h npy.Header, base int64, o Options) (Source, error) {
	if h.Fortran && len(h.Shape) > 1 && h.Shape.Size() > 0 {
		tmp, err := rowMajor(r, base, h, o)
		if err != nil {
			return nil, fmt.Errorf("data: open %s: %w", file, err)
		}
		s, err := newRaster(name, file, tmp, tmp, 0, h.DType, h.Shape)
		if err != nil {
			tmp.Close()
			return nil, err
		}
		closer.Close()
		return s, nil
	}
	return asSource(newRaster(name, file, r, closer, base, h.DType, h.Shape))
}
