package models

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxPart bounds one ONNX file of a bundle: protobuf ends at 2 GiB.
const maxPart = 1<<31 - 1

// maxEntries bounds the files of an .elbo file.
const maxEntries = 1024

const manifestFile = "elbo.json"

// files is where a bundle's files are read from. read fails with fs.ErrNotExist when there is no such file.
type files interface {
	read(name string, limit int64) ([]byte, error)
	io.Closer
}

// folder reads a bundle's folder, and nothing outside of it, whatever links it holds.
type folder struct{ *os.Root }

func openFolder(path string) (files, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	return folder{root}, nil
}

func (d folder) read(name string, limit int64) ([]byte, error) {
	f, err := d.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	return readAll(f, name, info.Size(), limit)
}

// archive reads an .elbo file: a zip whose entries are stored, not compressed.
type archive struct {
	entries map[string]*zip.File
	size    int64
	close   func() error
}

func openArchive(path string) (files, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("it is not a regular file")
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	a, err := newArchive(f, info.Size(), f.Close)
	if err != nil {
		f.Close()
		return nil, err
	}
	return a, nil
}

func newArchive(r io.ReaderAt, size int64, closer func() error) (*archive, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		if errors.Is(err, zip.ErrFormat) {
			return nil, fmt.Errorf("it is not an .elbo file (a zip), or it is cut short")
		}
		return nil, fmt.Errorf("it is not an .elbo file: %v", err)
	}
	if len(z.File) > maxEntries {
		return nil, fmt.Errorf("it holds %d files, more than the %d allowed", len(z.File), maxEntries)
	}
	a := &archive{entries: map[string]*zip.File{}, size: size, close: closer}
	for _, f := range z.File {
		if !partFile.MatchString(f.Name) {
			return nil, fmt.Errorf("it holds a file called %q; a bundle holds plain names only", f.Name)
		}
		if a.entries[f.Name] != nil {
			return nil, fmt.Errorf("it holds %s twice", f.Name)
		}
		a.entries[f.Name] = f
	}
	return a, nil
}

func (a *archive) Close() error { return a.close() }

func (a *archive) read(name string, limit int64) ([]byte, error) {
	f := a.entries[name]
	if f == nil {
		return nil, fs.ErrNotExist
	}
	if f.Method != zip.Store || f.CompressedSize64 != f.UncompressedSize64 {
		return nil, fmt.Errorf("%s is compressed; the files of a bundle are stored as they are (zip -0)", name)
	}
	if f.UncompressedSize64 > uint64(a.size) {
		return nil, fmt.Errorf("%s claims %d bytes, the whole file has %d", name, f.UncompressedSize64, a.size)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %v", name, err)
	}
	defer r.Close()
	return readAll(r, name, int64(f.UncompressedSize64), limit)
}

// readAll reads a file of the given size; it never takes more memory than the limit, nor trusts the size.
func readAll(r io.Reader, name string, size, limit int64) ([]byte, error) {
	if size > limit {
		return nil, fmt.Errorf("%s has %d bytes, more than the %d allowed", name, size, limit)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if n, err := r.Read(make([]byte, 1)); n > 0 || err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s does not end where it should: %v", name, err)
	}
	return b, nil
}

// isBundle reports whether a folder holds a bundle.
func isBundle(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, manifestFile))
	return err == nil
}
