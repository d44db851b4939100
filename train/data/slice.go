package data

import (
	"context"
	"fmt"
	"sync"
)

// Slice is the rows [lo, hi) of a source, which stays the caller's to close. Its name tells the range, so that a
// checkpoint knows one part from another.
func Slice(src Source, lo, hi int) Source {
	lo = min(max(lo, 0), src.Len())
	s := slice{src, lo, min(max(hi, lo), src.Len())}
	if e, ok := src.(EpochSource); ok {
		return epochSlice{s, e}
	}
	return s
}

type slice struct {
	Source
	lo, hi int
}

func (s slice) Len() int     { return s.hi - s.lo }
func (s slice) Close() error { return nil }

func (s slice) Name() string { return fmt.Sprintf("%s, rows %d to %d", s.Source.Name(), s.lo, s.hi-1) }

func (s slice) Read(ctx context.Context, rows []int, dst []float32) error {
	return s.moved(rows, dst, func(rows []int) error { return s.Source.Read(ctx, rows, dst) })
}

// places holds slices of row numbers, so that a training step allocates none.
var places = sync.Pool{New: func() any { return new([]int) }}

// moved calls read with the rows as the whole source counts them.
func (s slice) moved(rows []int, dst []float32, read func(rows []int) error) error {
	if err := checkRead(s, rows, dst); err != nil {
		return err
	}
	of := places.Get().(*[]int)
	defer places.Put(of)
	*of = (*of)[:0]
	for _, r := range rows {
		*of = append(*of, s.lo+r)
	}
	return read(*of)
}

// epochSlice is a slice of a source whose rows differ from epoch to epoch.
type epochSlice struct {
	slice
	epochs EpochSource
}

func (s epochSlice) ReadEpoch(ctx context.Context, epoch uint64, rows []int, dst []float32) error {
	return s.moved(rows, dst, func(rows []int) error { return s.epochs.ReadEpoch(ctx, epoch, rows, dst) })
}
