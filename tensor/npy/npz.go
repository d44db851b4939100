package npy

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/elbo-ml/elbo/tensor"
)

const (
	maxMembers = 1 << 20
	// maxDeflate is the largest factor by which deflate can expand its input.
	maxDeflate = 1032
)

// Archive is an open .npz file. Its arrays are read one at a time, when they are asked for.
type Archive struct {
	file    *os.File
	members map[string]*zip.File
	names   []string
}

// OpenArchive opens a .npz file and reads its list of arrays.
func OpenArchive(path string) (*Archive, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("npy: open archive: %w", err)
	}
	a, err := newArchive(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("npy: open archive %s: %w", path, err)
	}
	return a, nil
}

func newArchive(f *os.File) (*Archive, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, ErrFormat)
	}
	if len(z.File) > maxMembers {
		return nil, fmt.Errorf("%d members, more than %d: %w", len(z.File), maxMembers, ErrFormat)
	}
	a := &Archive{file: f, members: make(map[string]*zip.File, len(z.File))}
	for _, m := range z.File {
		name, ok := strings.CutSuffix(m.Name, ".npy")
		if !ok {
			continue
		}
		if a.members[name] != nil {
			return nil, fmt.Errorf("array %q comes twice: %w", name, ErrFormat)
		}
		a.members[name] = m
		a.names = append(a.names, name)
	}
	return a, nil
}

// Names are the names of the arrays, in the archive's order.
func (a *Archive) Names() []string { return a.names }

// Read reads one array into a row-major tensor.
func (a *Archive) Read(name string) (*tensor.Tensor, error) {
	h, r, err := a.Open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	t, err := readElements(r, h)
	if err != nil {
		return nil, fmt.Errorf("npy: array %q: %w", name, err)
	}
	return t, nil
}

// Open gives the header of an array and a reader that stands at its first element.
func (a *Archive) Open(name string) (Header, io.ReadCloser, error) {
	m := a.members[name]
	if m == nil {
		return Header{}, nil, fmt.Errorf("npy: no array %q in the archive, it holds %s", name, strings.Join(a.names, ", "))
	}
	if m.UncompressedSize64/maxDeflate > m.CompressedSize64+1 {
		return Header{}, nil, fmt.Errorf("npy: array %q: claims to expand from %d to %d bytes: %w", name, m.CompressedSize64, m.UncompressedSize64, ErrFormat)
	}
	r, err := m.Open()
	if err != nil {
		return Header{}, nil, fmt.Errorf("npy: array %q: %w", name, err)
	}
	h, err := ReadHeader(r)
	if err == nil {
		err = h.checkLength(int64(min(m.UncompressedSize64, 1<<62)))
	}
	if err != nil {
		r.Close()
		return Header{}, nil, fmt.Errorf("npy: array %q: %w", name, err)
	}
	return h, r, nil
}

// Stored gives the header of an array that the archive holds uncompressed, and where its elements begin in the .npz
// file, so that they can be read in place; ok is false for a compressed one.
func (a *Archive) Stored(name string) (h Header, offset int64, ok bool, err error) {
	h, r, err := a.Open(name)
	if err != nil {
		return h, 0, false, err
	}
	r.Close()
	m := a.members[name]
	if m.Method != zip.Store {
		return h, 0, false, nil
	}
	offset, err = m.DataOffset()
	return h, offset + h.Offset, err == nil, err
}

// Close closes the file.
func (a *Archive) Close() error { return a.file.Close() }

// ReadArchive reads every array of a .npz file.
func ReadArchive(path string) (map[string]*tensor.Tensor, error) {
	a, err := OpenArchive(path)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	all := make(map[string]*tensor.Tensor, len(a.names))
	for _, name := range a.names {
		if all[name], err = a.Read(name); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return all, nil
}

// ReadAt reads from the archive's own bytes; it goes with Stored.
func (a *Archive) ReadAt(p []byte, offset int64) (int, error) { return a.file.ReadAt(p, offset) }
