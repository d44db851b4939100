package data

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/elbo-ml/elbo/tensor"
	"gonum.org/v1/gonum/mathext/prng"
)

// static is a source binarised once and for all. The Mersenne Twister can only be run forward, so the bits of all rows
// up to the highest one asked for are drawn in order and kept, packed, in a temporary file: memory stays constant and
// every row is drawn once, in whatever order rows are read.
type static struct {
	Source
	seed    uint64
	size    int // pixels of a row
	width   int // bytes of a packed row
	buffers sync.Pool

	mu     sync.Mutex
	mt     *prng.MT19937
	bits   *spool
	drawn  int // rows in bits
	broken error
	rows   []int
	x      []float32
	packed []byte
}

func newStatic(src Source, seed uint64) (*static, error) {
	if seed > math.MaxUint32 {
		return nil, fmt.Errorf("data: binarize static: seed %d does not fit the Mersenne Twister's 32 bits", seed)
	}
	bits, err := newSpool(Options{})
	if err != nil {
		return nil, fmt.Errorf("data: binarize static: %w", err)
	}
	size := tensor.Shape(src.Shape()).Size()
	width := (size + 7) / 8
	block := max(1, (64<<10)/size)
	s := &static{Source: src, seed: seed, size: size, width: width, mt: prng.NewMT19937(), bits: bits,
		rows: make([]int, block), x: make([]float32, block*size), packed: make([]byte, block*width)}
	s.buffers.New = func() any { b := make([]byte, width); return &b }
	s.mt.Seed(seed)
	return s, nil
}

func (s *static) Name() string {
	return fmt.Sprintf("%s, binarised statically with seed %d", s.Source.Name(), s.seed)
}

func (s *static) Read(ctx context.Context, rows []int, dst []float32) error {
	if err := checkRead(s, rows, dst); err != nil {
		return err
	}
	last := -1
	for _, r := range rows {
		last = max(last, r)
	}
	if err := s.drawUpTo(ctx, last); err != nil {
		return err
	}
	buf := s.buffers.Get().(*[]byte)
	defer s.buffers.Put(buf)
	for j, r := range rows {
		if _, err := s.bits.ReadAt(*buf, int64(r)*int64(s.width)); err != nil {
			return fmt.Errorf("data: binarize static: row %d: %w", r, err)
		}
		x := dst[j*s.size : (j+1)*s.size]
		for i := range x {
			x[i] = float32((*buf)[i/8] >> (i % 8) & 1)
		}
	}
	return nil
}

// drawUpTo draws the rows that are still missing, a block at a time.
func (s *static) drawUpTo(ctx context.Context, last int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.drawn <= last {
		if s.broken != nil {
			return s.broken
		}
		rows := s.rows[:min(len(s.rows), s.Len()-s.drawn)]
		for i := range rows {
			rows[i] = s.drawn + i
		}
		x := s.x[:len(rows)*s.size]
		if err := s.Source.Read(ctx, rows, x); err != nil {
			return err
		}
		s.pack(x)
		if _, err := s.bits.WriteAt(s.packed[:len(rows)*s.width], int64(s.drawn)*int64(s.width)); err != nil {
			// The generator has moved on, so these rows cannot be drawn again.
			s.broken = fmt.Errorf("data: binarize static: %w", err)
			return s.broken
		}
		s.drawn += len(rows)
	}
	return nil
}

func (s *static) pack(x []float32) {
	clear(s.packed)
	for j := 0; j*s.size < len(x); j++ {
		row, packed := x[j*s.size:(j+1)*s.size], s.packed[j*s.width:]
		for i, v := range row {
			if mersenneDouble(s.mt) < float64(v) {
				packed[i/8] |= 1 << (i % 8)
			}
		}
	}
}

// mersenneDouble is genrand_res53, numpy's random_sample: (a >> 5, b >> 6) as 53 bits over 2^53.
func mersenneDouble(mt *prng.MT19937) float64 {
	a, b := mt.Uint32()>>5, mt.Uint32()>>6
	return (float64(a)*(1<<26) + float64(b)) / (1 << 53)
}

func (s *static) Close() error { return errors.Join(s.Source.Close(), s.bits.Close()) }
