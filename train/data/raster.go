package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/elbo-ml/elbo/tensor"
)

// raster is a source whose rows lie one after the other in a file.
type raster struct {
	name, file string
	r          io.ReaderAt
	closer     io.Closer
	base       int64
	n          int
	shape      []int
	dtype      tensor.DType
	buffers    sync.Pool
}

// maxRow bounds the bytes of one row, for which a read takes memory.
const maxRow = 1 << 30

// stretch is how many bytes of neighbouring rows are read at once.
const stretch = 256 << 10

// newRaster makes a source of rows that start at base in r. shape is [n, row...]; closer frees r.
func newRaster(name, file string, r io.ReaderAt, closer io.Closer, base int64, dtype tensor.DType, shape tensor.Shape) (*raster, error) {
	switch {
	case len(shape) < 2:
		return nil, fmt.Errorf("data: open %s: shape %v, but rows of data need two axes or more: %w", file, shape, ErrFormat)
	case shape[0] == 0:
		return nil, fmt.Errorf("data: open %s: shape %v holds no rows: %w", file, shape, ErrEmpty)
	case shape.Size() == 0:
		return nil, fmt.Errorf("data: open %s: shape %v has empty rows: %w", file, shape, ErrEmpty)
	}
	if row := shape[1:].Size(); row > maxRow/max(dtype.Size(), 1) {
		return nil, fmt.Errorf("data: open %s: rows of %d numbers, more than %d bytes: %w", file, row, maxRow, ErrFormat)
	}
	switch dtype {
	case tensor.Uint8, tensor.Bool, tensor.Float16, tensor.Float32, tensor.Float64:
	default:
		return nil, fmt.Errorf("data: open %s: holds %v; save uint8 in 0..255 or float32 in 0..1: %w", file, dtype, ErrFormat)
	}
	s := &raster{file: file, r: r, closer: closer, base: base, n: shape[0], shape: shape[1:], dtype: dtype}
	s.name = title(name, s.n, s.shape)
	size := max(stretch, s.rowBytes())
	s.buffers.New = func() any { b := make([]byte, size); return &b }
	return s, nil
}

func (s *raster) rowBytes() int { return tensor.Shape(s.shape).Size() * s.dtype.Size() }

func (s *raster) Len() int     { return s.n }
func (s *raster) Shape() []int { return s.shape }
func (s *raster) Name() string { return s.name }
func (s *raster) Close() error { return s.closer.Close() }

func (s *raster) Read(ctx context.Context, rows []int, dst []float32) error {
	if err := checkRead(s, rows, dst); err != nil {
		return err
	}
	buf := s.buffers.Get().(*[]byte)
	defer s.buffers.Put(buf)
	width, size := s.rowBytes(), len(dst)/max(len(rows), 1)
	atOnce := max(1, stretch/width)
	for len(rows) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		k := 1
		for k < len(rows) && k < atOnce && rows[k] == rows[0]+k {
			k++
		}
		raw := (*buf)[:k*width]
		if _, err := s.r.ReadAt(raw, s.base+int64(rows[0])*int64(width)); err != nil {
			if errors.Is(err, io.EOF) {
				err = fmt.Errorf("the file has become shorter since it was opened: %w", ErrFormat)
			}
			return fmt.Errorf("data: read %s row %d: %w", s.file, rows[0], err)
		}
		if bad := decode(s.dtype, raw, dst[:k*size]); bad >= 0 {
			return rangeError(s.file, rows[0]+bad/size, bad%size, dst[bad])
		}
		rows, dst = rows[k:], dst[k*size:]
	}
	return nil
}

// checkRead holds the arguments of Read against the source.
func checkRead(s Source, rows []int, dst []float32) error {
	size := tensor.Shape(s.Shape()).Size()
	if len(dst) != len(rows)*size {
		return fmt.Errorf("data: read %s: room for %d numbers, %d rows of %d asked for: %w", s.Name(), len(dst), len(rows), size, tensor.ErrShape)
	}
	for _, r := range rows {
		if r < 0 || r >= s.Len() {
			return fmt.Errorf("data: read %s: no row %d", s.Name(), r)
		}
	}
	return nil
}

func rangeError(file string, row, element int, v float32) error {
	if v != v {
		return fmt.Errorf("data: read %s row %d: element %d is NaN: drop or fill such rows: %w", file, row, element, ErrRange)
	}
	return fmt.Errorf("data: read %s row %d: element %d is %v: scale the data to [0,1], or save it as uint8: %w", file, row, element, v, ErrRange)
}
