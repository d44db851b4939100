package data

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/elbo-ml/elbo/tensor"
)

// idxName matches the names of IDX files of images: two axes or more of unsigned bytes.
var idxName = regexp.MustCompile(`[-.]idx[2-9]-ubyte(\.gz)?$`)

// listIDX lists the IDX files in a folder whose names match, sorted. Of a file that is there both plain and as .gz it
// lists the plain one.
func listIDX(dir string, match *regexp.Regexp) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		// ReadDir sorts, so a plain file comes just before its .gz.
		plain := strings.TrimSuffix(e.Name(), ".gz")
		if match.MatchString(e.Name()) && !e.IsDir() && !slices.Contains(names, plain) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// splitWords are the words in file names that tell the split.
var splitWords = map[string]string{
	"train": Train, "background": Train,
	"t10k": Test, "test": Test, "evaluation": Test,
}

// splitOf tells the split from the words of an IDX file's name; "" when none of them does.
func splitOf(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return strings.ContainsRune("-_. ", r) })
	for _, w := range words {
		if split, ok := splitWords[w]; ok {
			return split
		}
	}
	return ""
}

// pickIDX picks the file of images, or of what else, that holds a split. A lone file whose name tells no split holds both.
func pickIDX(names []string, split, what string) (string, error) {
	if len(names) == 1 && splitOf(names[0]) == "" {
		return names[0], nil
	}
	var found []string
	for _, n := range names {
		if splitOf(n) == split {
			found = append(found, n)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", fmt.Errorf("no %s %s among %s: %w", split, what, strings.Join(names, ", "), ErrEmpty)
	}
	return "", fmt.Errorf("which are the %s %s? name one of %s: %w", split, what, strings.Join(found, ", "), ErrFormat)
}

// openIDX opens one IDX file, plain or gzip.
//
// The format (Yann LeCun's MNIST page): two zero bytes, the element type, the number of axes, the extent of each as a
// big-endian uint32, the elements in row-major order.
func openIDX(path, name string, o Options) (Source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("data: open: %w", err)
	}
	s, err := newIDX(f, name, o)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("data: open %s: %w", path, err)
	}
	return s, nil
}

func newIDX(f *os.File, name string, o Options) (Source, error) {
	r := bufio.NewReader(f)
	if first, err := r.Peek(2); err == nil && first[0] == 0x1f && first[1] == 0x8b {
		return unpackIDX(f, r, name, o)
	}
	shape, err := readIDXHeader(r)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	base := int64(4 + 4*len(shape))
	switch have, want := info.Size()-base, int64(shape.Size()); {
	case have < want:
		return nil, fmt.Errorf("truncated: %d bytes of data where the header tells of %v: %w", have, shape, ErrFormat)
	case have > want:
		return nil, fmt.Errorf("%d bytes too many after the %v that the header tells of: %w", have-want, shape, ErrFormat)
	}
	return asSource(newRaster(name, f.Name(), f, f, base, tensor.Uint8, shape))
}

func unpackIDX(f *os.File, r io.Reader, name string, o Options) (Source, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, ErrFormat)
	}
	shape, err := readIDXHeader(z)
	if err != nil {
		return nil, err
	}
	tmp, err := unpack(z, int64(shape.Size()), o)
	if err != nil {
		return nil, err
	}
	s, err := newRaster(name, f.Name(), tmp, tmp, 0, tensor.Uint8, shape)
	if err != nil {
		tmp.Close()
		return nil, err
	}
	f.Close()
	return s, nil
}

// asSource keeps a nil *raster from becoming a Source that is not nil.
func asSource(s *raster, err error) (Source, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// readIDXHeader reads the header of an IDX file of bytes and leaves r at the first element. The shape's size fits an int.
func readIDXHeader(r io.Reader) (tensor.Shape, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, cutHeader(err)
	}
	rank := int(head[3])
	switch {
	case head[0] != 0 || head[1] != 0 || head[2] < 8 || head[2] > 14:
		return nil, fmt.Errorf("magic number %x is not that of an IDX file (00 00 08 03 for images): %w", head, ErrFormat)
	case head[2] != 8:
		return nil, fmt.Errorf("IDX element type 0x%02x, images are unsigned bytes (0x08): %w", head[2], ErrFormat)
	case rank == 1:
		return nil, fmt.Errorf("an IDX file with one axis: these are labels, not images: %w", ErrFormat)
	case rank < 2 || rank > 8:
		return nil, fmt.Errorf("an IDX file with %d axes: %w", rank, ErrFormat)
	}
	shape := make(tensor.Shape, rank)
	for i := range shape {
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return nil, cutHeader(err)
		}
		shape[i] = int(binary.BigEndian.Uint32(head[:]))
	}
	if _, err := shape.CheckedSize(); err != nil {
		return nil, fmt.Errorf("%w: %w", err, ErrFormat)
	}
	return shape, nil
}

func cutHeader(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file ends within the IDX header: %w", ErrFormat)
	}
	return fmt.Errorf("header: %w: %w", err, ErrFormat)
}
