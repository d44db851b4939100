package data

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/tensor/npy"
)

// Unlabelled stands where a row has no label.
const Unlabelled = -1

// ErrLabels is wrapped by every error about labels that cannot be used.
var ErrLabels = errors.New("labels cannot be used")

// idxLabels matches the names of IDX files of labels: one axis of unsigned bytes.
var idxLabels = regexp.MustCompile(`[-.]idx1-ubyte(\.gz)?$`)

// maxLabels bounds the labels of one file, which are held in memory.
const maxLabels = 1 << 28

// OpenLabels reads the label of each row of a source: a class from 0 on, or Unlabelled. src is
//
//   - an IDX file of labels, plain or .gz, or a folder that holds one for the split, as Open tells splits;
//   - a .npy file of whole numbers with one axis, in which a negative number stands for no label;
//   - "glyphs:", with what Open takes behind it: the digits that were drawn.
func OpenLabels(src string, o Options) ([]int, error) {
	if spec, ok := strings.CutPrefix(src, "glyphs:"); ok {
		g, err := openGlyphs(spec, o.Split)
		if err != nil {
			return nil, err
		}
		return g.(*glyphs).labels(), nil
	}
	info, err := os.Stat(src)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("data: open labels %s: there is no such file or folder: give IDX files, a .npy file, or glyphs: (%w)", src, os.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("data: open labels: %w", err)
	}
	path := src
	if info.IsDir() {
		if path, err = labelsOf(src, o.Split); err != nil {
			return nil, fmt.Errorf("data: open labels: %s: %w", src, err)
		}
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("data: open labels: %s is neither a file nor a folder: %w", src, ErrFormat)
	}
	labels, err := readLabels(path)
	if err != nil {
		return nil, fmt.Errorf("data: open labels: %s: %w", path, err)
	}
	if len(labels) == 0 {
		return nil, fmt.Errorf("data: open labels: %s: %w", path, ErrEmpty)
	}
	return labels, nil
}

// labelsOf is the IDX file of labels that a folder holds for a split.
func labelsOf(dir, split string) (string, error) {
	if split == "" {
		split = Train
	}
	names, err := listIDX(dir, idxLabels)
	if err != nil {
		return "", err
	}
	if len(names) == 0 {
		return "", fmt.Errorf("the folder holds no labels (train-labels-idx1-ubyte): %w", ErrEmpty)
	}
	name, err := pickIDX(names, split, "labels")
	return filepath.Join(dir, name), err
}

func readLabels(path string) ([]int, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := bufio.NewReader(f)
	head, _ := r.Peek(6)
	switch {
	case bytes.Equal(head, []byte("\x93NUMPY")):
		return npyLabels(path)
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", err, ErrFormat)
		}
		return idxLabelBytes(z)
	case bytes.HasPrefix(head, []byte{0, 0}):
		return idxLabelBytes(r)
	}
	return nil, fmt.Errorf("starts with %q, which is neither IDX nor .npy: %w", head, ErrFormat)
}

// idxLabelBytes reads an IDX file of one axis of bytes to its end.
func idxLabelBytes(r io.Reader) ([]int, error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, cutHeader(err)
	}
	if [4]byte(head[:4]) != [4]byte{0, 0, 8, 1} {
		return nil, fmt.Errorf("magic number %x is not that of IDX labels (00 00 08 01): %w", head[:4], ErrFormat)
	}
	n := int64(binary.BigEndian.Uint32(head[4:]))
	if n > maxLabels {
		return nil, fmt.Errorf("%d labels, more than %d: %w", n, maxLabels, ErrFormat)
	}
	raw, err := io.ReadAll(io.LimitReader(r, n+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, ErrFormat)
	}
	if int64(len(raw)) != n {
		return nil, fmt.Errorf("the header tells of %d labels, and %d bytes or more follow: %w", n, len(raw), ErrFormat)
	}
	labels := make([]int, n)
	for i, b := range raw {
		labels[i] = int(b)
	}
	return labels, nil
}

func npyLabels(path string) ([]int, error) {
	t, err := npy.Read(path)
	if err != nil {
		return nil, err
	}
	if t.DType().IsFloat() || t.DType() == tensor.Bool || len(t.Shape()) != 1 || t.Len() > maxLabels {
		return nil, fmt.Errorf("holds %v %v, want whole numbers with one axis: %w", t.DType(), t.Shape(), ErrFormat)
	}
	labels := make([]int, t.Len())
	for i, v := range t.Floats() {
		labels[i] = max(int(v), Unlabelled)
	}
	return labels, nil
}

// CheckLabels holds labels against the source that they belong to and the number of classes: a label for each row, or
// Unlabelled, and every class has at least one example.
func CheckLabels(src Source, labels []int, classes int) error {
	if len(labels) != src.Len() {
		return fmt.Errorf("data: %d labels for the %d rows of %s: %w", len(labels), src.Len(), src.Name(), ErrLabels)
	}
	if classes < 2 {
		return fmt.Errorf("data: the labels speak of %d classes, counted from 0; two or more are wanted: %w", max(classes, 0), ErrLabels)
	}
	count := make([]int, classes)
	for row, y := range labels {
		switch {
		case y == Unlabelled:
		case y < 0 || y >= classes:
			return fmt.Errorf("data: the label of row %d is %d, with %d classes it is 0 to %d, or %d for none: %w", row, y, classes, classes-1, Unlabelled, ErrLabels)
		default:
			count[y]++
		}
	}
	if y := slices.Index(count, 0); y >= 0 {
		return fmt.Errorf("data: class %d has no example among the labels, which go up to %d: %w", y, classes-1, ErrLabels)
	}
	return nil
}

// Balanced picks n rows, as many of each class, in an order that seed decides: the small labelled set of a semi-supervised
// experiment. It gives them class by class in turn, and in ascending order the rows that were not picked, with a label or
// without.
func Balanced(labels []int, classes, n int, seed uint64) (picked, rest []int, err error) {
	if classes < 2 || n < 1 || n%classes != 0 {
		return nil, nil, fmt.Errorf("data: %d labels cannot be shared equally by %d classes: %w", n, classes, ErrLabels)
	}
	byClass := make([][]int, classes)
	order := NewPermutation(len(labels), seed, 0)
	for i := range labels {
		row := order.At(i)
		switch y := labels[row]; {
		case y == Unlabelled:
		case y < 0 || y >= classes:
			return nil, nil, fmt.Errorf("data: the label of row %d is %d, with %d classes it is 0 to %d: %w", row, y, classes, classes-1, ErrLabels)
		case len(byClass[y]) < n/classes:
			byClass[y] = append(byClass[y], row)
		}
	}
	taken := make([]bool, len(labels))
	for i := range n {
		y, of := i%classes, i/classes
		if of >= len(byClass[y]) {
			return nil, nil, fmt.Errorf("data: class %d has %d examples, not the %d that %d labels for %d classes take: %w", y, len(byClass[y]), n/classes, n, classes, ErrLabels)
		}
		picked = append(picked, byClass[y][of])
		taken[byClass[y][of]] = true
	}
	for row := range labels {
		if !taken[row] {
			rest = append(rest, row)
		}
	}
	return picked, rest, nil
}

// ClassCount is the number of classes that labels speak of: the largest and one more.
func ClassCount(labels []int) int { return slices.Max(labels) + 1 }

// LabelledRows are the rows that have a label, and those that have none.
func LabelledRows(labels []int) (with, without []int) {
	for row, y := range labels {
		if y == Unlabelled {
			without = append(without, row)
		} else {
			with = append(with, row)
		}
	}
	return with, without
}

// labelSum is a short checksum of labels, for names.
func labelSum(labels []int) string {
	var b strings.Builder
	for _, y := range labels {
		fmt.Fprintln(&b, y)
	}
	return contentSum([]byte(b.String()))
}
