package importer

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
)

// ErrPath is wrapped by every error about external data that does not lie beneath the model's folder.
var ErrPath = errors.New("outside of the model's folder")

// checkLocation takes only what names a file beneath the folder in plain words: relative, with slashes, without "..".
// (Symbolic links are held back by os.Root when the file is opened.)
func checkLocation(location string) error {
	switch {
	case location == "" || strings.ContainsRune(location, 0):
		return fmt.Errorf("external data names no file: %w", ErrMalformed)
	case path.IsAbs(location), strings.ContainsAny(location, `\:`), slices.Contains(strings.Split(location, "/"), ".."):
		return fmt.Errorf("external data in %q: %w", location, ErrPath)
	}
	return nil
}

// span is where a tensor's bytes stand in another file. A length of -1 was not given.
type span struct {
	location       string
	offset, length int64
}

func spanOf(t *onnxpb.Tensor) (span, error) {
	s := span{length: -1}
	for _, e := range t.External {
		var err error
		switch e.Key {
		case "location":
			s.location = e.Value
		case "offset":
			s.offset, err = strconv.ParseInt(e.Value, 10, 64)
		case "length":
			s.length, err = strconv.ParseInt(e.Value, 10, 64)
		}
		if err != nil {
			return s, fmt.Errorf("external data's %s is %q: %w", e.Key, e.Value, ErrMalformed)
		}
	}
	return s, checkLocation(s.location)
}

// external is the size bytes of a tensor that stand in another file.
func (b *builder) external(t *onnxpb.Tensor, size int64) ([]byte, error) {
	s, err := spanOf(t)
	if err != nil {
		return nil, err
	}
	if s.length >= 0 && s.length != size {
		return nil, fmt.Errorf("%d bytes of external data for a tensor of %d: %w", s.length, size, ErrMalformed)
	}
	data, err := b.externalFile(s.location)
	if err != nil {
		return nil, err
	}
	if have := int64(len(data)); s.offset < 0 || s.offset > have || size > have-s.offset {
		return nil, fmt.Errorf("external data at %d, %d bytes, in %q, which has %d: %w", s.offset, size, s.location, have, ErrMalformed)
	}
	return data[s.offset : s.offset+size : s.offset+size], nil
}

// externalFile opens each file once.
func (b *builder) externalFile(location string) ([]byte, error) {
	if data, ok := b.files[location]; ok {
		return data, nil
	}
	if b.dir == "" {
		return nil, fmt.Errorf("tensors stand in the file %q: load the model from its folder", location)
	}
	root, err := os.OpenRoot(b.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	// Root refuses paths that leave the folder, by symbolic links too. A named pipe would block in Open, so look before.
	info, err := root.Stat(location)
	if err != nil {
		return nil, fmt.Errorf("external data: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("external data in %q, which is not a regular file: %w", location, ErrPath)
	}
	// A hard link, as an archive may hold, is another file's content under a name in the folder.
	if n := hardLinks(info); n > 1 {
		return nil, fmt.Errorf("external data in %q, a file of %d names (hard links), of which some may lie elsewhere; copy it: %w", location, n, ErrPath)
	}
	f, err := root.Open(location)
	if err != nil {
		return nil, fmt.Errorf("external data: %w", err)
	}
	defer f.Close()
	data, err := content(f, b.limits.Bytes)
	if err != nil {
		return nil, fmt.Errorf("external data in %q: %w", location, err)
	}
	b.files[location] = data
	return data, nil
}
