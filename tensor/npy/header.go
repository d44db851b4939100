// Package npy reads and writes numpy's array files: .npy (format versions 1 to 3) and .npz archives.
//
// The format: numpy/lib/format.py, "NumPy Enhancement Proposal 1".
package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/elbo-ml/elbo/tensor"
)

// ErrFormat is wrapped by every error about a file that is not a readable array.
var ErrFormat = errors.New("not a readable numpy array")

const (
	magic = "\x93NUMPY"
	// maxHeader bounds the text of a header; numpy itself refuses more than 10000 bytes.
	maxHeader = 64 << 10
	maxRank   = 64
)

// Header says what a .npy file holds.
type Header struct {
	DType tensor.DType
	Shape tensor.Shape
	// Fortran is true when the first axis varies fastest in the file.
	Fortran bool
	// Offset is where the elements begin.
	Offset int64
}

// Size is the number of bytes the elements take.
func (h Header) Size() int64 { return int64(h.Shape.Size()) * int64(h.DType.Size()) }

var descrs = map[string]tensor.DType{
	"b1": tensor.Bool, "i1": tensor.Int8, "u1": tensor.Uint8,
	"i2": tensor.Int16, "u2": tensor.Uint16, "f2": tensor.Float16,
	"i4": tensor.Int32, "u4": tensor.Uint32, "f4": tensor.Float32,
	"i8": tensor.Int64, "u8": tensor.Uint64, "f8": tensor.Float64,
}

// ReadHeader reads the header of a .npy file from r and leaves r at the first element. The shape's size in bytes is
// known to fit an int.
func ReadHeader(r io.Reader) (Header, error) {
	var h Header
	var pre [8]byte
	if _, err := io.ReadFull(r, pre[:]); err != nil {
		return h, short("magic", err)
	}
	if string(pre[:6]) != magic {
		return h, fmt.Errorf("npy: header: starts with %q instead of %q: %w", pre[:6], magic, ErrFormat)
	}
	width := 4
	switch pre[6] {
	case 1:
		width = 2
	case 2, 3:
	default:
		return h, fmt.Errorf("npy: header: format version %d.%d, known are 1 to 3: %w", pre[6], pre[7], ErrFormat)
	}
	var size [4]byte
	if _, err := io.ReadFull(r, size[:width]); err != nil {
		return h, short("length", err)
	}
	n := int64(binary.LittleEndian.Uint32(size[:]))
	if n > maxHeader {
		return h, fmt.Errorf("npy: header: %d bytes long, more than %d: %w", n, maxHeader, ErrFormat)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return h, short("text", err)
	}
	h, err := parseHeader(string(text))
	h.Offset = int64(len(pre)+width) + n
	return h, err
}

func short(what string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("npy: header: the file ends within the %s: %w", what, ErrFormat)
	}
	return fmt.Errorf("npy: header: %w", err)
}

func parseHeader(text string) (Header, error) {
	var h Header
	fields, err := parseDict(text)
	if err != nil {
		return h, err
	}
	descr, fortran, shape := fields["descr"], fields["fortran_order"], fields["shape"]
	if h.DType, err = parseDescr(descr.text, descr.kind == quoted); err != nil {
		return h, err
	}
	if fortran.kind != boolean {
		return h, fmt.Errorf("npy: header: fortran_order is not True or False: %w", ErrFormat)
	}
	h.Fortran = fortran.truth
	if shape.kind != tuple {
		return h, fmt.Errorf("npy: header: shape is not a tuple of numbers: %w", ErrFormat)
	}
	h.Shape = shape.ints
	// The last axis stands for the bytes of an element, so that the size in bytes is checked too.
	if _, err := append(h.Shape[:len(h.Shape):len(h.Shape)], h.DType.Size()).CheckedSize(); err != nil {
		return h, fmt.Errorf("npy: header: shape %v: %w", h.Shape, ErrFormat)
	}
	return h, nil
}

func parseDescr(descr string, ok bool) (tensor.DType, error) {
	if !ok {
		return tensor.Invalid, fmt.Errorf("npy: header: not an array of plain numbers (structured or missing descr): %w", ErrFormat)
	}
	if len(descr) > 1 {
		order, kind := descr[0], descr[1:]
		dtype, known := descrs[kind]
		switch {
		case strings.HasPrefix(kind, "O"):
			return tensor.Invalid, fmt.Errorf("npy: header: holds Python objects (%q); save an array of numbers: %w", descr, ErrFormat)
		case known && order == '>' && dtype.Size() > 1:
			return tensor.Invalid, fmt.Errorf("npy: header: big-endian elements (%q); save a.astype('<%s'): %w", descr, kind, ErrFormat)
		case known && (order == '<' || order == '|' || order == '=' || order == '>'):
			return dtype, nil
		}
	}
	return tensor.Invalid, fmt.Errorf("npy: header: element type %q is not one of b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8: %w", descr, ErrFormat)
}

// formatHeader is the header numpy would write for a C-ordered array: version 1, padded so that the elements start at
// a multiple of 64 bytes.
func formatHeader(dtype tensor.DType, shape tensor.Shape) ([]byte, error) {
	var descr string
	for d, t := range descrs {
		if t == dtype {
			descr = d
		}
	}
	if descr == "" {
		return nil, fmt.Errorf("npy: write: numpy has no %v", dtype)
	}
	order := "<"
	if dtype.Size() == 1 {
		order = "|"
	}
	var dims strings.Builder
	for _, d := range shape {
		fmt.Fprintf(&dims, "%d, ", d)
	}
	tuple := strings.TrimSuffix(dims.String(), " ")
	if len(shape) > 1 {
		tuple = strings.TrimSuffix(tuple, ",")
	}
	text := fmt.Sprintf("{'descr': '%s%s', 'fortran_order': False, 'shape': (%s), }", order, descr, tuple)
	const pre = len(magic) + 4
	pad := 63 - (pre+len(text))%64
	text += strings.Repeat(" ", pad) + "\n"
	head := append([]byte(magic), 1, 0)
	head = binary.LittleEndian.AppendUint16(head, uint16(len(text)))
	return append(head, text...), nil
}
