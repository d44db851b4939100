package npy

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/tensor/atomicfile"
)

// MaxBytes bounds the elements that Read and Decode bring into memory. Larger files are for data.Open, which streams.
const MaxBytes = 8 << 30

// Read reads a .npy file into a row-major tensor. The file's size is held against its header before memory is taken.
func Read(path string) (*tensor.Tensor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("npy: read: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("npy: read: %w", err)
	}
	r := bufio.NewReaderSize(f, 1<<16)
	h, err := ReadHeader(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := h.checkLength(info.Size()); err != nil && info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	t, err := readElements(r, h)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// checkLength holds a header against the length of the whole file.
func (h Header) checkLength(length int64) error {
	switch have := length - h.Offset; {
	case have < h.Size():
		return fmt.Errorf("npy: read: truncated: %v%v takes %d bytes and %d are there: %w", h.DType, h.Shape, h.Size(), have, ErrFormat)
	case have > h.Size():
		return fmt.Errorf("npy: read: %d bytes too many after %v%v: %w", have-h.Size(), h.DType, h.Shape, ErrFormat)
	}
	return nil
}

// Decode reads one array in .npy form from r into a row-major tensor. Memory grows with what r gives, so a header that
// lies about its size costs nothing.
func Decode(r io.Reader) (*tensor.Tensor, error) {
	h, err := ReadHeader(r)
	if err != nil {
		return nil, err
	}
	return readElements(r, h)
}

// eager is the most memory taken on the word of a header alone.
const eager = 1 << 20

func readElements(r io.Reader, h Header) (*tensor.Tensor, error) {
	if h.Size() > MaxBytes {
		return nil, fmt.Errorf("npy: read: %v%v takes %d bytes, more than %d: %w", h.DType, h.Shape, h.Size(), int64(MaxBytes), ErrFormat)
	}
	var head []byte
	if h.Size() > eager {
		// Half of the elements must have come before memory for all of them is taken.
		var err error
		if head, err = readGrowing(r, h.Size()/2); err != nil {
			return nil, truncated(h, err)
		}
	}
	t := tensor.New(h.DType, h.Shape...)
	if _, err := io.ReadFull(r, t.Bytes()[copy(t.Bytes(), head):]); err != nil {
		return nil, truncated(h, err)
	}
	if h.Fortran && len(h.Shape) > 1 {
		return fromFortran(t), nil
	}
	return t, nil
}

func readGrowing(r io.Reader, n int64) ([]byte, error) {
	buf := make([]byte, 0, eager)
	for int64(len(buf)) < n {
		if len(buf) == cap(buf) {
			buf = append(make([]byte, 0, min(2*int64(cap(buf)), n)), buf...)
		}
		k := min(int64(cap(buf)), n)
		m, err := io.ReadFull(r, buf[len(buf):k])
		buf = buf[:len(buf)+m]
		if err != nil {
			return nil, err
		}
	}
	return buf, nil
}

func truncated(h Header, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("npy: read: truncated: %v%v takes %d bytes: %w", h.DType, h.Shape, h.Size(), ErrFormat)
	}
	return fmt.Errorf("npy: read: %w", err)
}

// fromFortran reorders the elements of t, which lie first axis fastest, into row-major order.
func fromFortran(t *tensor.Tensor) *tensor.Tensor {
	shape, width := t.Shape(), t.DType().Size()
	out := tensor.New(t.DType(), shape...)
	strides := make([]int, len(shape))
	n := 1
	for i, d := range shape {
		strides[i] = n
		n *= d
	}
	index := make([]int, len(shape))
	src, dst := t.Bytes(), out.Bytes()
	from := 0
	for to := 0; to < len(dst); to += width {
		copy(dst[to:to+width], src[from*width:])
		for axis := len(shape) - 1; axis >= 0; axis-- {
			index[axis]++
			from += strides[axis]
			if index[axis] < shape[axis] {
				break
			}
			from -= index[axis] * strides[axis]
			index[axis] = 0
		}
	}
	return out
}

// Write writes t to path as a .npy file, whole or not at all. An existing file is replaced.
func Write(path string, t *tensor.Tensor) error {
	if err := atomicfile.Write(path, func(w io.Writer) error { return Encode(w, t) }); err != nil {
		return fmt.Errorf("npy: write %s: %w", path, err)
	}
	return nil
}

// Encode writes t to w in .npy form, version 1, row-major.
func Encode(w io.Writer, t *tensor.Tensor) error {
	head, err := formatHeader(t.DType(), t.Shape())
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	_, err = w.Write(t.Bytes())
	return err
}
